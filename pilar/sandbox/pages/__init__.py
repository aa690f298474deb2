"""The pages that people see: templates beside this file, values escaped, one stylesheet, no foreign host."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from pilar.sandbox.phones import e164

if TYPE_CHECKING:
    from pilar.sandbox.state import World

FOLDER = Path(__file__).parent
# The checkout form redirects back to the product, and Meta's pop-up posts to its opener.
POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:"


class Html(str):
    """Text that is markup already and is not escaped again."""


def fill(name: str, /, **values: object) -> Html:
    """The template `name`.html with values escaped unless they are `Html`."""
    safe = {key: value if isinstance(value, Html) else escape(str(value)) for key, value in values.items()}
    return Html(_template(name).substitute(safe))


def page(name: str, /, *, title: str, code: int = 200, brand: str = "sandbox", **values: object) -> HTMLResponse:
    """A whole page: the template `name` inside the layout."""
    body = fill(name, **values)
    layout = fill("layout", title=title, body=body, brand=brand)
    headers = {
        "content-security-policy": POLICY,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
    }
    return HTMLResponse(layout, status_code=code, headers=headers)


def joined(parts: list[Html]) -> Html:
    return Html("".join(parts))


@cache
def _template(name: str) -> Template:
    return Template((FOLDER / f"{name}.html").read_text(encoding="utf-8"))


def routes(world: World) -> list[BaseRoute]:
    return [
        Route("/", home),
        Route("/phone/{number}", phone),
        Route("/mail/{address}", mailbox),
        Mount("/_static", StaticFiles(directory=FOLDER / "static")),
    ]


async def home(request: Request) -> Response:
    """All phones, and where else to look."""
    world: World = request.app.state.world
    rows = [
        fill("phone_row", number=phone.number, received=len(phone.received), sent=len(phone.sent))
        for phone in world.phones.by_number.values()
    ]
    boxes = [fill("mail_row", address=address, count=len(box)) for address, box in world.mail.boxes.items()]
    return page(
        "home",
        title="Sandbox",
        product=world.settings.public_base_url,
        phones=joined(rows) or fill("empty", text="No phone yet. Open one below, or let the coach write first."),
        boxes=joined(boxes) or fill("empty", text="No mail yet."),
    )


async def phone(request: Request) -> Response:
    """A handset in the browser."""
    from_form = request.query_params.get("number")
    return page(
        "phone",
        title="Phone " + e164(from_form or request.path_params["number"]),
        number=e164(from_form or request.path_params["number"]),
    )


async def mailbox(request: Request) -> Response:
    """The mails of one address, newest first."""
    world: World = request.app.state.world
    address = request.path_params["address"].lower()
    mails = [
        fill(
            "mail",
            subject=mail.subject,
            sender=mail.sender,
            at=datetime.fromtimestamp(mail.at, UTC).strftime("%d %b %Y %H:%M UTC"),
            text=mail.text or "(only HTML)",
            links=joined([fill("mail_link", url=link) for link in mail.links]),
        )
        for mail in reversed(world.mail.boxes.get(address, []))
    ]
    nothing = fill("empty", text="No mail yet.")
    return page("mailbox", title=address, address=address, mails=joined(mails) or nothing)
