"""What a local installation fills in, and what it leaves to the user."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pilar.runtime import environment

ROOT = environment.ROOT


def local(folder: Path, **given: str) -> dict[str, str]:
    return environment.local_environment({"PILAR_DATA_DIR": str(folder), **given})


def test_product_and_sandbox_get_the_same_keys_without_any_setting(tmp_path: Path) -> None:
    found = local(tmp_path)
    assert (found["STRIPE_API_BASE"], found["STRIPE_SECRET_KEY"]) == ("http://127.0.0.1:8001", "sk_test_sandbox")


def test_addresses_follow_the_ports(tmp_path: Path) -> None:
    found = local(tmp_path, PORT="9000", SANDBOX_PORT="9001", SANDBOX_SMTP_PORT="9025")
    assert found["PUBLIC_BASE_URL"] == "http://127.0.0.1:9000"
    assert (found["OPENAI_BASE_URL"], found["SMTP_PORT"]) == ("http://127.0.0.1:9001/v1", "9025")


def test_what_the_environment_gives_wins(tmp_path: Path) -> None:
    found = local(tmp_path, OPENAI_API_KEY="mine", STRIPE_API_BASE="https://api.stripe.com", CRON_SECRET="own")
    assert (found["OPENAI_API_KEY"], found["STRIPE_API_BASE"], found["CRON_SECRET"]) == (
        *("mine", "https://api.stripe.com"),
        "own",
    )


def test_a_key_that_is_given_empty_stays_empty(tmp_path: Path) -> None:
    assert local(tmp_path, GROQ_API_KEY="")["GROQ_API_KEY"] == ""


def test_without_the_sandbox_no_provider_is_made_up(tmp_path: Path) -> None:
    assert not [name for name in local(tmp_path, PILAR_SANDBOX="0") if name.startswith(("STRIPE", "TWILIO", "OPENAI"))]


def test_secrets_are_made_once_and_kept_to_their_owner(tmp_path: Path) -> None:
    first, second = local(tmp_path), local(tmp_path)
    assert first["DJANGO_SECRET_KEY"] == second["DJANGO_SECRET_KEY"] != local(tmp_path / "other")["DJANGO_SECRET_KEY"]
    assert stat.S_IMODE((tmp_path / "secrets.env").stat().st_mode) == 0o600


def test_own_host_names_do_not_lock_out_the_readiness_check(tmp_path: Path) -> None:
    assert local(tmp_path, ALLOWED_HOSTS="studio.example")["ALLOWED_HOSTS"] == "127.0.0.1,studio.example"


def test_a_public_address_is_allowed_as_a_host(tmp_path: Path) -> None:
    assert "x.tunnel.example" in local(tmp_path, PUBLIC_BASE_URL="https://x.tunnel.example")["ALLOWED_HOSTS"]


def test_a_command_typed_beside_a_running_installation_sees_what_it_sees(tmp_path: Path) -> None:
    running = local(tmp_path, SANDBOX_PORT="9001")
    environment.publish_running(running)
    typed = {"PILAR_DATA_DIR": str(tmp_path), "CRON_SECRET": "typed"}
    environment.adopt(typed, root=tmp_path)
    assert (typed["STRIPE_API_BASE"], typed["CRON_SECRET"]) == ("http://127.0.0.1:9001", "typed")
    assert typed["DJANGO_SECRET_KEY"] == running["DJANGO_SECRET_KEY"]


def test_a_command_that_is_run_talks_to_the_installation_that_runs(tmp_path: Path) -> None:
    environment.publish_running(local(tmp_path, PORT="9000", SANDBOX_PORT="9001"))
    given = {"PATH": os.environ["PATH"], "PILAR_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "pilar.runtime", "run", "env"]
    said = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {"PORT=9000", "PUBLIC_BASE_URL=http://127.0.0.1:9000", "STRIPE_API_BASE=http://127.0.0.1:9001"} <= set(said)


def test_a_command_on_a_server_adopts_nothing(tmp_path: Path) -> None:
    typed = {"PILAR_DATA_DIR": str(tmp_path / "empty")}
    environment.adopt(typed, root=tmp_path)
    assert typed == {"PILAR_DATA_DIR": str(tmp_path / "empty")}


def settings_read() -> set[str]:
    sources = [*ROOT.glob("pilar/settings/*.py"), *ROOT.glob("pilar/runtime/*.py")]
    readers = r'\b(?:text|listed|number|switch|url|required|environ\.get|environment\.get)\(\s*"([A-Z][A-Z_]+)"'
    return {name for source in sources for name in re.findall(readers, source.read_text())}


def test_every_setting_is_in_the_example() -> None:
    listed = set(re.findall(r"^# ([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    internal = {"PILAR_PROCESS", "PYENV_ROOT", "MAKELEVEL", "PATH"}
    missing = (settings_read() | environment.sandbox_defaults({}).keys()) - listed - internal
    assert not missing
    assert len(listed) > 50


@pytest.mark.parametrize("word", ["1", "true", "ON", "yes"])
def test_the_sandbox_is_on_by_any_usual_word(word: str) -> None:
    assert environment.sandboxed({"PILAR_SANDBOX": word})
