"""Outside services. An empty key means "not configured": a normal state in which the steps that need it are skipped."""

from pilar.settings.environment import listed, number, service, text, url

STRIPE_SECRET_KEY = text("STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRETS = listed("STRIPE_WEBHOOK_SECRET")
STRIPE_CONNECT_WEBHOOK_SECRETS = listed("STRIPE_CONNECT_WEBHOOK_SECRET")
STRIPE_PRICES = {"BASIC": text("STRIPE_PRICE_BASIC"), "PRO": text("STRIPE_PRICE_PRO")}
STRIPE_API_BASE = url("STRIPE_API_BASE", "https://api.stripe.com")
STRIPE_API_VERSION = "2026-10-28.endive"

TWILIO_ACCOUNT_SID = text("TWILIO_ACCOUNT_SID")
TWILIO_AUTH_TOKEN = text("TWILIO_AUTH_TOKEN")
TWILIO_API_BASE = service("TWILIO_API_BASE", "http", "https").rstrip("/")

WHATSAPP_API_TOKEN = text("WHATSAPP_API_TOKEN")
WHATSAPP_PHONE_NUMBER_ID = text("WHATSAPP_PHONE_NUMBER_ID")
WHATSAPP_BUSINESS_ACCOUNT_ID = text("WHATSAPP_BUSINESS_ACCOUNT_ID")
WHATSAPP_VERIFY_TOKENS = listed("WHATSAPP_VERIFY_TOKEN")
WHATSAPP_APP_ID = text("WHATSAPP_APP_ID")
WHATSAPP_APP_SECRETS = listed("WHATSAPP_APP_SECRET")
WHATSAPP_CONFIG_ID = text("WHATSAPP_CONFIG_ID")
WHATSAPP_API_BASE = url("WHATSAPP_API_BASE", "https://graph.facebook.com")
WHATSAPP_API_VERSION = "v26.0"
META_SDK_URL = url("META_SDK_URL", "https://connect.facebook.net/en_US/sdk.js")

OPENAI_API_KEY = text("OPENAI_API_KEY")
OPENAI_BASE_URL = url("OPENAI_BASE_URL", "https://api.openai.com/v1")
OPENAI_MODEL = text("OPENAI_MODEL", "gpt-5-mini")
GROQ_API_KEY = text("GROQ_API_KEY")
GROQ_BASE_URL = url("GROQ_BASE_URL", "https://api.groq.com")
GROQ_MODEL = text("GROQ_MODEL", "openai/gpt-oss-120b")
ANTHROPIC_API_KEY = text("ANTHROPIC_API_KEY")
ANTHROPIC_BASE_URL = url("ANTHROPIC_BASE_URL", "https://api.anthropic.com")
ANTHROPIC_MODEL = text("ANTHROPIC_MODEL", "claude-haiku-4-5")
ELEVENLABS_API_KEY = text("ELEVENLABS_API_KEY")
ELEVENLABS_BASE_URL = url("ELEVENLABS_BASE_URL", "https://api.elevenlabs.io")

SMTP_HOST = text("SMTP_HOST")
SMTP_PORT = number("SMTP_PORT", 587)
SMTP_USER = text("SMTP_USER")
SMTP_PASSWORD = text("SMTP_PASSWORD")
