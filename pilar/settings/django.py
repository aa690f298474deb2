"""Django, DRF, allauth and Celery, wired for our rooms. Rooms above `pilar` are named by string only."""

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from pilar.backplane.postgresql.pool import check_if_rested
from pilar.settings.environment import ROOT, listed, networks, number, required, service, switch, text, url

BASE_DIR = ROOT
DATA_DIR = Path(text("PILAR_DATA_DIR", str(ROOT / "var"))).resolve()
SANDBOX = switch("PILAR_SANDBOX")
DEBUG = switch("PILAR_DEBUG")

SECRET_KEY = required("DJANGO_SECRET_KEY", "signing sessions and links")
ENCRYPTION_KEYS = listed("PILAR_ENCRYPTION_KEYS")
if not ENCRYPTION_KEYS:
    raise ImproperlyConfigured(
        "PILAR_ENCRYPTION_KEYS is not set. It wraps the keys of stored credentials; see .env.example."
    )
CRON_SECRET = text("CRON_SECRET")
METRICS_NETWORKS = networks("METRICS_NETWORKS", "127.0.0.0/8,::1" if SANDBOX else "")
"""From where `/metrics` is read without the platform's token."""
DEMO_PASSWORD = text("PILAR_DEMO_PASSWORD")

PUBLIC_BASE_URL = url("PUBLIC_BASE_URL", f"http://127.0.0.1:{number('PORT', 8000)}")
ALLOWED_HOSTS = listed("ALLOWED_HOSTS", "127.0.0.1,localhost")
TRUSTED_PROXY_COUNT = number("TRUSTED_PROXY_COUNT", 0)
IS_HTTPS = PUBLIC_BASE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL]

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_cotton",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "pilar.backplane",
    "pilar.providers",
    "pilar.api",
    "pilar.ui",
    "pilar.dashboard",
    "pilar.security",
    "workspaces",
    "health",
    "provisioning",
    "coach",
    "affiliates",
]

MIDDLEWARE = [
    "pilar.api.middleware.Correlation",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "pilar.api.middleware.BodyLimit",
    "pilar.api.middleware.DatabaseErrors",
    "pilar.security.middleware.OwnAnswers",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "workspaces.middleware.Reader",
    "workspaces.middleware.CurrentWorkspace",
    "pilar.security.middleware.AdminPolicy",
]

ROOT_URLCONF = "pilar.urls"
WSGI_APPLICATION = "pilar.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "pilar.ui.context.page",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton"],
        },
    }
]
COTTON_DIR = "components"

# --- data: three roles on three connections (design section 3) ---


PROCESS = text("PILAR_PROCESS", "web")

# Milliseconds or seconds after which a connection whose other end is gone without a word is given up. Linux alone would
# send again for a quarter of an hour what nobody acknowledges.
_WIRE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}


def _database(dsn: str, *, pool: int, guarded: bool = True) -> dict[str, Any]:
    parsed: dict[str, Any] = dict(environ.Env.db_url_config(dsn))
    parsed["ENGINE"] = "pilar.backplane.postgresql"
    parsed["GUARDED"] = guarded
    parsed["CONN_HEALTH_CHECKS"] = True
    # A session that forgets its transaction keeps the hot tables from being tidied: PostgreSQL ends it.
    forgotten = {"options": "-c idle_in_transaction_session_timeout=60s"} if pool else {}
    options: dict[str, Any] = {"connect_timeout": 5, **_WIRE, **forgotten, **parsed.get("OPTIONS", {})}
    # Only the engine and what asks for it (`sql.prepared`) prepare statements, after the fifth time.
    options["prepare_threshold"] = None if switch("DATABASE_NO_PREPARE") else 5
    if pool:
        options["pool"] = {
            "min_size": 0,
            "max_size": pool,
            "timeout": 3 if PROCESS == "web" else 10,  # a page says sooner that the database is away
            "max_idle": 120,
            "reconnect_timeout": 5,
            "check": check_if_rested,
        }
    parsed["OPTIONS"] = options
    return parsed


def _database_urls() -> dict[str, str]:
    if text("DATABASE_URL"):
        names = ("DATABASE_URL", "DATABASE_PLATFORM_URL", "DATABASE_OWNER_URL")
        return {name: service(name, "postgres", "postgresql") for name in names}
    from pilar.runtime.postgres import embedded_urls  # noqa: PLC0415 - only without a database of one's own

    return embedded_urls(DATA_DIR)


POOL_SIZES = {"web": (6, 2), "worker": (4, 2), "beat": (1, 1)}
_tenant_pool, _platform_pool = POOL_SIZES.get(PROCESS, (6, 2))
_urls = _database_urls()
DATABASES: dict[str, dict[str, Any]] = {"default": _database(_urls["DATABASE_URL"], pool=_tenant_pool)}
DATABASES["platform"] = _database(
    _urls.get("DATABASE_PLATFORM_URL") or _urls["DATABASE_URL"], pool=_platform_pool, guarded=False
)
if _urls.get("DATABASE_OWNER_URL"):
    DATABASES["owner"] = _database(_urls["DATABASE_OWNER_URL"], pool=0, guarded=False)
PLATFORM_DATABASE = "platform"
OWNER_DATABASE = "owner"
DATABASE_ROUTERS = ["pilar.backplane.router.ScopeRouter"]
RELEASE_CONNECTIONS = PROCESS in ("worker", "beat")

REDIS_URL = service("REDIS_URL", "redis", "rediss", "unix")
DOORBELL = True
"""Whether a commit with new work tells the workers; tests look by themselves."""
CACHES = {"default": {"BACKEND": "pilar.backplane.cache.SteadyCache", "LOCATION": REDIS_URL}}

# --- people ---

AUTH_USER_MODEL = "workspaces.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/dashboard"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # this browser goes on with a fresh key, every other session ends
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = {"login_failed": "20/m/ip,5/5m/key", "request_login_code": "5/m/ip,10/m/key"}
ACCOUNT_LOGIN_BY_CODE_ENABLED = ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
PASSWORD_RESET_TIMEOUT = 3 * 3600
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_ADAPTER = "workspaces.accounts.AccountAdapter"
ACCOUNT_FORMS = {"signup": "workspaces.pages.forms.SignUpForm"}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
MFA_ADAPTER = "workspaces.accounts.SecondFactorAdapter"
MFA_FORMS = {"add_webauthn": "workspaces.pages.forms.PasskeyForm"}
MFA_TOTP_TOLERANCE = 1
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS
MAILERS = {"default": {"BACKEND": "pilar.providers.email.backend.QueuedEmail"}}
DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", "PILAR <hallo@pilar.test>")
REPLY_TO_EMAIL = text("REPLY_TO_EMAIL")
"""Where answers to our letters go; empty: to the sender."""

PILAR_UI_STATUS = "health.widgets.dot"
PILAR_UI_NOTICE = "workspaces.notices.of"
CSRF_FAILURE_VIEW = "pilar.ui.errors.csrf_failure"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "csrf"
DEVICE_COOKIE_NAME = "__Host-device" if IS_HTTPS else "device"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.NONCE, CSP.STRICT_DYNAMIC],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "worker-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
    "report-uri": ["/api/security/csp-report"],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = None  # limits are by route: pilar.api.middleware.BodyLimit

# --- who runs this installation: the imprint and the contracts name it ---

OPERATOR = {
    "name": text("OPERATOR_NAME", "PILAR SYSTEMS"),
    "address": text("OPERATOR_ADDRESS"),
    "representative": text("OPERATOR_REPRESENTATIVE"),
    "email": text("OPERATOR_EMAIL"),
    "phone": text("OPERATOR_PHONE"),
    "register": text("OPERATOR_REGISTER"),
    "vat_id": text("OPERATOR_VAT_ID"),
}

# --- languages and time ---

LANGUAGE_CODE = "de"
LANGUAGES = [("de", _("German")), ("en", _("English")), ("es", _("Spanish")), ("fr", _("French")), ("it", _("Italian"))]
LOCALE_PATHS = [ROOT / "pilar" / "ui" / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "Europe/Berlin"

STATIC_URL = "/static/"
STATIC_ROOT = Path(text("STATIC_ROOT", str(DATA_DIR / "static")))
STATICFILES_DIRS = [ROOT / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "pilar.ui.static_files.StaticFiles"},
}
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()
WHITENOISE_AUTOREFRESH = False

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "workspaces.authentication.ApiKeyAuthentication",
        "workspaces.authentication.SystemAuthentication",
        "workspaces.authentication.MemberSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["pilar.api.denial.Denied"],
    "DEFAULT_RENDERER_CLASSES": ["pilar.api.json.CamelRenderer"],
    "DEFAULT_PARSER_CLASSES": ["pilar.api.json.CamelParser"],
    "DEFAULT_PAGINATION_CLASS": "pilar.api.pagination.ByCursor",
    "DEFAULT_SCHEMA_CLASS": "pilar.api.schema.Operation",
    "DEFAULT_THROTTLE_CLASSES": ["pilar.api.throttling.PerWorkspace"],
    "EXCEPTION_HANDLER": "pilar.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "PILAR AUTOPILOT",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "HealthState": ["healthy", "degraded", "failed"],
        "PublicHealthWord": ["ok", "degraded", "down"],
        "RunStatus": ["running", "waiting", "failed", "ready"],
        "JobStatus": ["pending", "running", "dead", "succeeded", "cancelled", "discarded"],
        "FollowupStatus": "coach.models.Followup.Status",
        "IncidentStatus": ["open", "investigating", "resolved", "closed"],
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "pilar.api.schema.camel_case",
        "pilar.api.webhook_schema.add_webhooks",
    ],
}
