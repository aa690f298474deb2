"""`python -m pilar.sandbox`: HTTP and SMTP on the configured ports until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import sys

from pilar.sandbox import mail
from pilar.sandbox.app import create_app, new_world
from pilar.sandbox.config import Settings
from pilar.sandbox.server import http_server


async def serve(settings: Settings) -> None:
    """Run both servers; returns after a clean stop."""
    world = new_world(settings)
    server = http_server(create_app(settings, world), host=settings.sandbox_host, port=settings.sandbox_port)
    smtp = await mail.start_smtp(world, host=settings.sandbox_host, port=settings.sandbox_smtp_port)
    try:
        await server.serve()
    finally:
        smtp.close()


def main() -> int:
    settings = Settings.from_env(os.environ)
    try:
        asyncio.run(serve(settings))
    except OSError as error:
        sys.stderr.write(f"sandbox: cannot listen: {error}. Choose another SANDBOX_PORT or SANDBOX_SMTP_PORT.\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
