"""`make up`: the whole installation as one process tree that starts, heals and ends together."""

import asyncio
import signal
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from pilar.runtime import services
from pilar.runtime.child import Child, Command
from pilar.runtime.console import Console
from pilar.runtime.environment import ROOT, data_dir, publish_running, sandboxed, withdraw_running
from pilar.runtime.instance import CannotStartError, Instance, require_free_port
from pilar.runtime.placement import PlacementError, bare_environment
from pilar.runtime.postgres import START_SECONDS, Cluster, ClusterError
from pilar.runtime.probing import answers

READY_SECONDS = 120.0
_PRODUCT = ("web", "worker", "beat")
_DEMO = ("owner@demo.pilar.test", "partner@demo.pilar.test", "admin@demo.pilar.test")


class Supervisor:
    """Runs one installation in the foreground until it is told to end."""

    def __init__(self, environment: Mapping[str, str], instance: Instance) -> None:
        self._environment = {**environment, "PYTHONUNBUFFERED": "1"}
        self._folder = data_dir(environment)
        self._console = Console(self._folder / "log")
        self._instance = instance
        self._children: dict[str, Child] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._told_to_end = asyncio.Event()
        self._cluster = None if environment.get("DATABASE_URL") else Cluster(self._folder)

    async def run(self) -> None:
        """Start everything, say when it is ready, and end everything on SIGINT or SIGTERM.

        Raises CannotStartError, ClusterError or PlacementError with a sentence for the user.
        """
        self._obey_signals()
        try:
            await self._unless_told_to_end(self._start())
            await self._told_to_end.wait()
        finally:
            self._console.say("Stopping PILAR")
            await self._stop()

    async def _start(self) -> None:
        for name in self._instance.end_leftovers():
            self._console.say(f"Ended {name}, which an earlier start had left behind")
        self._require_free_ports()
        publish_running(self._environment)
        if sandboxed(self._environment):
            self._launch("sandbox")
        await asyncio.gather(self._collect_static_files(), self._start_postgres())
        await self._prepare_data()
        for name in _PRODUCT:
            self._launch(name)
        await self._wait_ready()
        self._console.say(f"PILAR is ready at {self._environment['PUBLIC_BASE_URL']}")
        self._console.show(self._how_to_enter())
        if sandboxed(self._environment) and self._environment.get("PILAR_DEMO", "1") != "0":
            self._tasks.append(asyncio.create_task(self._play_demo()))

    def _require_free_ports(self) -> None:
        wanted = {"PORT": "8000"}
        if sandboxed(self._environment):
            wanted |= {"SANDBOX_PORT": "8001", "SANDBOX_SMTP_PORT": "8025"}
        for variable, default in wanted.items():
            require_free_port("127.0.0.1", self._environment.get(variable) or default, variable=variable)

    async def _collect_static_files(self) -> None:
        (self._folder / "static").mkdir(exist_ok=True)  # whoever serves it complains of a folder that is not there
        if await self._finish("static", services.manage("collectstatic", "--noinput", "--verbosity", "0")):
            self._console.say(f"Static files are sent uncompressed; see {self._console.path('static')}")

    async def _start_postgres(self) -> None:
        cluster = self._cluster
        if cluster is None:
            return
        # One that was started by itself would not be started again after it failed.
        cluster.stop()
        cluster.prepare()
        command = Command(
            "postgres",
            cluster.command(),
            bare_environment(),
            Path("/"),
            account=cluster.account(),
            stop_signal=signal.SIGINT,
        )
        self._keep(Child(command, self._console, on_spawn=self._instance.remember))
        deadline = time.monotonic() + START_SECONDS
        while not cluster.accepts_connections():
            if time.monotonic() > deadline:
                raise ClusterError(f"PostgreSQL does not start; see {self._console.path('postgres')}.")
            await asyncio.sleep(0.1)
        cluster.bootstrap()

    async def _prepare_data(self) -> None:
        if await self._finish("migrate", services.manage("migrate")):
            raise CannotStartError(f"The migrations failed; see {self._console.path('migrate')}.")
        if sandboxed(self._environment) and await self._finish("seed", services.manage("seed_demo")):
            self._console.say("The demo could not be made; PILAR runs without it")

    async def _play_demo(self) -> None:
        """Let the demo's studio pay, be set up and have members who write, while the newcomer reads the first page."""
        if await self._finish("demo", services.manage("play_demo")) and not self._told_to_end.is_set():
            self._console.say(f"The demo studio did not come to life; see {self._console.path('demo')}")

    async def _finish(self, name: str, argv: list[str]) -> int:
        """Run a command to its end; it is ended with the rest when the user stops meanwhile."""
        environment = {**self._environment, "PILAR_PROCESS": "beat"}
        child = Child(Command(name, argv, environment, ROOT), self._console, on_spawn=self._instance.remember)
        self._children[name] = child
        code = await child.run_once()
        del self._children[name]
        return code

    def _launch(self, name: str) -> None:
        service = services.SERVICES[name](self._environment)
        environment = {**self._environment, **service.environment}
        command = Command(service.name, service.argv, environment, ROOT, ready_line=service.ready_line)
        self._keep(Child(command, self._console, on_spawn=self._instance.remember))

    def _keep(self, child: Child) -> None:
        self._children[child.command.name] = child
        self._tasks.append(asyncio.create_task(child.keep_running()))

    async def _wait_ready(self) -> None:
        simulated = ("sandbox",) if sandboxed(self._environment) else ()
        waiting = [self._is_ready(services.SERVICES[name](self._environment)) for name in (*simulated, *_PRODUCT)]
        try:
            await asyncio.wait_for(asyncio.gather(*waiting), READY_SECONDS)
        except TimeoutError:
            raise CannotStartError(
                f"PILAR was not ready after {READY_SECONDS:g} s; the reason is in {self._folder / 'log'}."
            ) from None

    async def _is_ready(self, service: services.Service) -> None:
        if not service.address:
            await self._children[service.name].said_ready.wait()
        while service.address and not await answers(service.address):
            await asyncio.sleep(0.2)

    def _how_to_enter(self) -> str:
        lines: list[str] = []
        if sandboxed(self._environment):
            password = self._environment["PILAR_DEMO_PASSWORD"]
            lines += [f"  sign in as {who:<24} password {password}" for who in _DEMO]
            port = self._environment["SANDBOX_PORT"]
            lines.append(f"  the sandbox's phones and mail: http://127.0.0.1:{port}")
        return "\n".join([*lines, "  Ctrl-C stops it"])

    def _obey_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # `nohup` wants a closed terminal to be ignored.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._told_to_end.set)

    async def _unless_told_to_end(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        told = asyncio.create_task(self._told_to_end.wait())
        await asyncio.wait({task, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        elif error := task.exception():
            raise error

    async def _stop(self) -> None:
        """First all that uses the database, then the database: at most 12 s and 10 s, less than 30 s together."""
        database = self._children.pop("postgres", None)
        await asyncio.gather(*(child.stop() for child in self._children.values()))
        if database:
            await database.stop(seconds=10)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        withdraw_running(self._environment)


def up(environment: Mapping[str, str]) -> int:
    """Run the installation until it is told to end; returns the exit code."""
    try:
        with Instance(data_dir(environment) / "run") as instance:
            asyncio.run(Supervisor(environment, instance).run())
    except (CannotStartError, ClusterError, PlacementError) as error:
        Console(data_dir(environment) / "log").say(str(error))
        return 1
    return 0
