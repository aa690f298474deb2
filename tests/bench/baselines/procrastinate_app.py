"""procrastinate's side, run by the Python of its own environment.

`procrastinate_app.py enqueue DSN SINGLE BULK` prints the rates of both; the worker loads `app` from here.
"""

import json
import os
import sys
import time

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

TEXT = "x" * 160
app = App(connector=PsycopgConnector(conninfo=os.environ.get("PROCRASTINATE_DSN", "")))


@app.task(name="nothing", queue="bench")
async def nothing(n: int, text: str) -> None:
    """End at once."""


def enqueue(dsn: str, single: int, bulk: int) -> dict[str, float]:
    """Defer `single` jobs one by one and `bulk` by 1,000, and return the jobs a second of each."""
    with app.replace_connector(SyncPsycopgConnector(conninfo=dsn)) as here, here.open():
        began = time.monotonic()
        for n in range(single):
            nothing.defer(n=n, text=TEXT)
        by_one = single / (time.monotonic() - began)
        began = time.monotonic()
        for start in range(0, bulk, 1000):
            nothing.batch_defer(*({"n": n, "text": TEXT} for n in range(start, start + 1000)))
        return {"single": by_one, "bulk": bulk / (time.monotonic() - began)}


def make_schema(dsn: str) -> None:
    """Create procrastinate's tables."""
    with app.replace_connector(SyncPsycopgConnector(conninfo=dsn)) as here, here.open():
        here.schema_manager.apply_schema()


if __name__ == "__main__":
    action, dsn, *numbers = sys.argv[1:]
    if action == "schema":
        make_schema(dsn)
    else:
        sys.stdout.write(json.dumps(enqueue(dsn, *map(int, numbers))))
