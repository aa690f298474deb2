"""`python -m pilar.runtime up | web | worker | beat | sandbox | run COMMAND... | browser`

`up` is the whole installation. `web`, `worker` and `beat` become one process of it, for containers, and read
nothing but the environment. `run` runs a command with the secrets and values of the local installation.
`browser` sees to it that the browser tests have a Chromium.
"""

import os
import shutil
import signal
import sys

from pilar.runtime import processes, services, supervisor
from pilar.runtime.browser import ensure_chromium
from pilar.runtime.environment import ROOT, adopt, process_environment


def main(arguments: list[str]) -> int:
    """Do what the first argument says; returns the exit code."""
    action, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if action == "up":
        # make(1) ends without telling anybody when it is killed.
        if os.environ.get("MAKELEVEL"):
            processes.die_with_parent(signal.SIGTERM)
        return supervisor.up(process_environment())
    if action == "run" and rest:
        adopt(os.environ)  # of an installation that runs on other ports than the usual ones, too
        return _become(rest, process_environment())
    if action == "browser":
        if ensure_chromium():
            return 0
        sys.stderr.write("No Chromium could be installed; install one or name it in PILAR_CHROMIUM.\n")
        return 1
    if action in services.SERVICES:
        service = services.SERVICES[action](os.environ)
        return _become(service.argv, {**os.environ, **service.environment})
    sys.stderr.write(f"{__doc__}\n")
    return 2


def _become(argv: list[str], environment: dict[str, str]) -> int:
    program = shutil.which(argv[0], path=f"{ROOT / '.venv' / 'bin'}{os.pathsep}{environment.get('PATH', '')}")
    if program is None:
        sys.stderr.write(f"There is no command {argv[0]}.\n")
        return 127
    sys.stdout.flush()
    # Python finds its environment by the name it was called by.
    os.execve(program, [program, *argv[1:]], environment)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
