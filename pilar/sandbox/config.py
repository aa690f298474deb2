"""What the sandbox is told from outside: ports, the product's address, and the credentials it accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

TWILIO_MASTER_SID = "AC" + "0" * 31 + "1"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One attribute per environment variable of the same name in capitals."""

    sandbox_host: str = "127.0.0.1"
    sandbox_port: int = 8001
    sandbox_smtp_port: int = 8025
    sandbox_latency_ms: int = 20
    sandbox_state_dir: str = ""
    sandbox_public_url: str = ""
    public_base_url: str = "http://127.0.0.1:8000"

    stripe_secret_key: str = "sk_test_sandbox"
    stripe_webhook_secret: str = "whsec_sandbox"
    stripe_connect_webhook_secret: str = "whsec_sandbox_connect"
    stripe_price_basic: str = "price_basic"
    stripe_price_pro: str = "price_pro"

    twilio_account_sid: str = TWILIO_MASTER_SID
    twilio_auth_token: str = "sandbox-twilio-token"

    whatsapp_app_id: str = "1000000001"
    whatsapp_app_secret: str = "sandbox-app-secret"
    whatsapp_config_id: str = "2000000001"
    whatsapp_verify_token: str = "sandbox-verify-token"

    openai_api_key: str = "sk-sandbox-openai"
    groq_api_key: str = "gsk-sandbox"
    anthropic_api_key: str = "sk-ant-sandbox"
    elevenlabs_api_key: str = "sandbox-elevenlabs"

    smtp_user: str = "sandbox"
    smtp_password: str = "sandbox-smtp"

    @property
    def own_url(self) -> str:
        """Where the hosted pages live, as a browser reaches them; SANDBOX_PUBLIC_URL when that is not this machine."""
        return self.sandbox_public_url.rstrip("/") or f"http://{self.sandbox_host}:{self.sandbox_port}"

    @property
    def stripe_webhook_url(self) -> str:
        return f"{self.public_base_url.rstrip('/')}/api/webhooks/stripe"

    @property
    def whatsapp_webhook_url(self) -> str:
        return f"{self.public_base_url.rstrip('/')}/api/webhooks/whatsapp"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the environment; an empty variable counts as not given.

        Raises:
            ValueError: a port or a number of milliseconds is not an integer.
        """
        given: dict[str, str | int] = {}
        for field in fields(cls):
            raw = environ.get(field.name.upper(), "")
            if raw:
                given[field.name] = int(raw) if isinstance(field.default, int) else first_secret(raw)
        return cls(**given)  # type: ignore[arg-type]


def first_secret(value: str) -> str:
    """Secrets may be comma lists while they are rotated; the provider signs with the first."""
    return value.split(",")[0].strip()
