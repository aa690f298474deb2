"""The broker of an installation without Redis: a folder of one machine, by kombu's transport made safe.

As it comes it reads messages that are still being written, and a worker that meets half of one ends. Here a message
appears whole or not at all, and what cannot be read is passed over: it was a doorbell, the work is in the database.
"""

import os
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.transport.filesystem import exchange_queue_t
from kombu.utils.json import dumps

from pilar.kernel.ids import uuid7

SCHEME = "folder"


class Channel(filesystem.Channel):
    """Each lane is a queue and an exchange of the same name, so who is bound to whom needs no files."""

    def get_table(self, exchange: str) -> list[Any]:
        return [exchange_queue_t(exchange, "", exchange)]

    def _queue_bind(self, *_binding: Any) -> None:
        """Nothing to keep."""

    def _put(self, queue: str, message: Any, **_options: Any) -> None:  # type: ignore[override]  # kombu names it twice
        folder = Path(self.data_folder_out)
        # The name sorts by age, and its part after the first dot is the queue.
        name = f"{uuid7()}.{queue}.msg"
        rough = folder / f"{name}.part"
        rough.write_text(dumps(message))  # type: ignore[no-untyped-call]  # kombu has no types
        os.replace(rough, folder / name)

    def _get(self, queue: str, timeout: Any = None) -> Any:
        while True:
            try:
                return super()._get(queue)  # type: ignore[no-untyped-call]  # as above
            except JSONDecodeError:
                continue


class Transport(filesystem.Transport):
    Channel = Channel


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
