"""The environment of a local installation: what the user did not set, `make up` and the tests fill in.

Under `make up` each provider is the sandbox. What the environment or `.env` gives wins, variable by variable.
"""

import base64
import os
import secrets
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from urllib.parse import urlsplit

import environ

from pilar.runtime.private import write_private

ROOT = Path(__file__).resolve().parent.parent.parent
_SECRETS_FILE = "secrets.env"
_RUNNING_FILE = "run/environment"


def read_dotenv(root: Path = ROOT) -> None:
    """Take `.env` into this process' environment, for variables that it does not have yet."""
    if (root / ".env").exists():
        environ.Env.read_env(root / ".env")


def data_dir(environment: Mapping[str, str]) -> Path:
    """The folder of everything that is kept on this machine: PILAR_DATA_DIR, else `var/`."""
    return Path(environment.get("PILAR_DATA_DIR") or ROOT / "var").resolve()


def process_environment() -> dict[str, str]:
    """The local environment from this process' own variables and `.env`."""
    read_dotenv()
    return local_environment(os.environ)


def local_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return `given` completed by secrets, addresses and, unless PILAR_SANDBOX is off, the sandbox's values.

    Creates the secrets when there are none yet.
    """
    folder = data_dir(given)
    defaults = {"PORT": "8000", "PILAR_SANDBOX": "1"} | _generated_secrets(folder)
    merged = {**given, "PILAR_DATA_DIR": str(folder)}
    merged |= {name: value for name, value in defaults.items() if not given.get(name)}
    merged["PUBLIC_BASE_URL"] = given.get("PUBLIC_BASE_URL") or f"http://127.0.0.1:{merged['PORT']}"
    # Whoever opens the installation to the world must not lock out its own readiness check.
    merged["ALLOWED_HOSTS"] = ",".join(["127.0.0.1", given.get("ALLOWED_HOSTS") or _local_hosts(merged)])
    if sandboxed(merged):
        # A key that is given empty stays empty: so one sees the product without that provider.
        merged = sandbox_defaults(merged) | merged
    return merged


def _local_hosts(environment: Mapping[str, str]) -> str:
    return f"localhost,{urlsplit(environment['PUBLIC_BASE_URL']).hostname or ''}"


def sandboxed(environment: Mapping[str, str]) -> bool:
    """Whether PILAR_SANDBOX is on."""
    return environment.get("PILAR_SANDBOX", "").lower() in {"1", "true", "on", "yes"}


def sandbox_defaults(environment: Mapping[str, str]) -> dict[str, str]:
    """Addresses and keys by which product and sandbox find each other, for the ports in `environment`."""
    port = environment.get("SANDBOX_PORT") or "8001"
    smtp_port = environment.get("SANDBOX_SMTP_PORT") or "8025"
    base = f"http://127.0.0.1:{port}"
    return {
        "SANDBOX_PORT": port,
        "SANDBOX_SMTP_PORT": smtp_port,
        # Real providers outlive our processes; without this a restart would leave us with dangling ids.
        "SANDBOX_STATE_DIR": str(data_dir(environment) / "sandbox"),
        "STRIPE_API_BASE": base,
        "STRIPE_SECRET_KEY": "sk_test_sandbox",
        "STRIPE_WEBHOOK_SECRET": "whsec_sandbox",
        "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_sandbox_connect",
        "STRIPE_PRICE_BASIC": "price_basic",
        "STRIPE_PRICE_PRO": "price_pro",
        "TWILIO_API_BASE": base,
        "TWILIO_ACCOUNT_SID": f"AC{1:032x}",
        "TWILIO_AUTH_TOKEN": "sandbox-twilio-token",
        "WHATSAPP_API_BASE": base,
        "WHATSAPP_APP_ID": "1000000001",
        "WHATSAPP_APP_SECRET": "sandbox-app-secret",
        "WHATSAPP_CONFIG_ID": "2000000001",
        "WHATSAPP_VERIFY_TOKEN": "sandbox-verify-token",
        "META_SDK_URL": f"{base}/_meta/sdk.js",
        "OPENAI_BASE_URL": f"{base}/v1",
        "OPENAI_API_KEY": "sk-sandbox-openai",
        "GROQ_BASE_URL": base,
        "GROQ_API_KEY": "gsk-sandbox",
        "ANTHROPIC_BASE_URL": base,
        "ANTHROPIC_API_KEY": "sk-ant-sandbox",
        "ELEVENLABS_BASE_URL": base,
        "ELEVENLABS_API_KEY": "sandbox-elevenlabs",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": smtp_port,
        "SMTP_USER": "sandbox",
        "SMTP_PASSWORD": "sandbox-smtp",
    }


def publish_running(environment: Mapping[str, str]) -> None:
    """Note for `adopt` how the running installation is configured: where sandbox and web server are."""
    names = ["PORT", "PUBLIC_BASE_URL", "PILAR_SANDBOX"]
    if sandboxed(environment):
        names += sandbox_defaults(environment)
    write_private(data_dir(environment) / _RUNNING_FILE, _lines({name: environment[name] for name in names}))


def withdraw_running(environment: Mapping[str, str]) -> None:
    """Undo `publish_running`."""
    (data_dir(environment) / _RUNNING_FILE).unlink(missing_ok=True)


def adopt(environment: MutableMapping[str, str], root: Path = ROOT) -> None:
    """Let a command typed beside `make up` see the same secrets and providers; what is set already stays.

    On a server, where nothing was ever generated in the data folder, it changes nothing.
    """
    read_dotenv(root)
    for name in (_RUNNING_FILE, _SECRETS_FILE):
        for key, value in _read(data_dir(environment) / name).items():
            environment.setdefault(key, value)


def _generated_secrets(folder: Path) -> dict[str, str]:
    """Read the secrets of this installation, after making those that are missing."""
    path = folder / _SECRETS_FILE
    kept = _read(path)
    made = {
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
        "PILAR_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "CRON_SECRET": secrets.token_urlsafe(32),
        "PILAR_DEMO_PASSWORD": secrets.token_urlsafe(12),
    }
    if made.keys() - kept.keys():
        kept = made | kept
        write_private(path, _lines(kept))
    return kept


def _lines(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}
