"""What the children say: each to a file of its own in `var/log/`, all to standard output by name."""

import contextlib
import logging
import os
import re
import select
from logging.handlers import RotatingFileHandler
from pathlib import Path

_LONGEST_LINE = 4000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_FILE_BYTES = 10_000_000


class Console:
    """Standard output shared by several children.

    Nobody may be reading it: a line that would have to wait is dropped here, and stands in the file.
    """

    def __init__(self, folder: Path, *, output: int = 1) -> None:
        self._folder = folder
        self._output = output
        folder.mkdir(parents=True, exist_ok=True)
        self._files: dict[str, RotatingFileHandler] = {}

    def child_says(self, name: str, line: str) -> None:
        """Pass on one line of a child's output."""
        line = _CONTROL.sub(" ", line)
        self._file(name).handle(logging.makeLogRecord({"msg": line}))
        self._print(f"{name:<8} | {line}")

    def say(self, text: str) -> None:
        """Print the supervisor's own words and keep them."""
        self._file("supervisor").handle(logging.makeLogRecord({"msg": text}))
        self.show(text)

    def show(self, text: str) -> None:
        """Print what belongs on a screen and in no file, such as the demo's password."""
        for line in text.splitlines():
            self._print(line)

    def path(self, name: str) -> Path:
        """The file that holds what `name` has said."""
        return self._folder / f"{name}.log"

    def _file(self, name: str) -> RotatingFileHandler:
        if name not in self._files:
            # Opened by the first line, where a full disk is an error of logging and ends nothing.
            self._files[name] = RotatingFileHandler(self.path(name), maxBytes=_FILE_BYTES, backupCount=3, delay=True)
        return self._files[name]

    def _print(self, line: str) -> None:
        data = line.encode(errors="replace")[:_LONGEST_LINE] + b"\n"
        with contextlib.suppress(OSError):
            # A pipe that is ready takes at least PIPE_BUF (4096) bytes without waiting, pipe(7).
            if select.select([], [self._output], [], 0)[1]:
                os.write(self._output, data)
