"""The pages that Stripe hosts: checkout, customer portal, invoice, onboarding of a recipient."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import wraps

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pilar.sandbox.pages import Html, fill, joined, page
from pilar.sandbox.state import World, world_of
from pilar.sandbox.stripe import accounts, billing, proration, sessions
from pilar.sandbox.stripe.cards import BY_KEY, MEANS, Means
from pilar.sandbox.stripe.errors import StripeError
from pilar.sandbox.stripe.wire import Json

Endpoint = Callable[[Request], Awaitable[Response]]
SEE_OTHER = 303
COUNTRIES = ("DE", "AT", "CH", "ES", "FR", "IT", "GB", "US")
PORTAL_LIFETIME = 3_600


def explained(endpoint: Endpoint) -> Endpoint:
    """Show what went wrong as a page of its own."""

    @wraps(endpoint)
    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except StripeError as error:
            return page("notice", title="Stripe", brand="stripe", code=error.status, text=error.message)

    return guarded


def routes() -> list[Route]:
    return [
        Route("/checkout/{id}", explained(show_checkout), methods=["GET"]),
        Route("/checkout/{id}", explained(pay), methods=["POST"]),
        Route("/checkout/{id}/pay", explained(pay), methods=["POST"]),
        Route("/portal/{id}", explained(show_portal), methods=["GET"]),
        Route("/portal/{id}", explained(use_portal), methods=["POST"]),
        Route("/invoice/{id}", explained(show_invoice), methods=["GET"]),
        Route("/invoice/{id}", explained(settle_invoice), methods=["POST"]),
        Route("/invoice/{id}/pdf", explained(print_invoice), methods=["GET"]),
        Route("/credit_note/{id}/pdf", explained(print_note), methods=["GET"]),
        Route("/connect/{key}", explained(show_onboarding), methods=["GET"]),
        Route("/connect/{key}", explained(onboard), methods=["POST"]),
    ]


def money(cents: int, currency: str = "eur") -> str:
    return f"{cents / 100:,.2f} {currency.upper()}"


def day(moment: int | None) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y") if moment else ""


def _means_choice(chosen: str) -> Html:
    return joined(
        [
            fill("choice", key=means.key, label=means.label, checked="checked" if means.key == chosen else "")
            for means in MEANS
        ]
    )


async def show_checkout(request: Request) -> Response:
    world = world_of(request)
    session = world.stripe.get(sessions.KIND, request.path_params["id"])
    if session["status"] != "open":
        raise StripeError(f"This checkout is {session['status']}. Go back to the shop to begin a new one.", status=410)
    return _checkout_page(world, session)


def _checkout_page(world: World, session: Json, *, error: str = "", chosen: str = "good") -> Response:
    wishes = world.stripe.checkout_wishes[session["id"]]
    line = wishes["lines"][0]
    customer = world.stripe.objects.get("customer", {}).get(session["customer"] or "", {})
    days = wishes["subscription_data"].get("trial_period_days")
    options = [fill("option", value=country, label=country) for country in COUNTRIES]
    skip = "" if wishes["method_required"] or session["amount_total"] else fill("without_card")
    return page(
        "checkout",
        title="Checkout",
        brand="stripe",
        code=402 if error else 200,
        session=session["id"],
        plan=line["description"],
        price=f"{money(line['amount_total'], line['currency'])} a month",
        button=f"Pay {money(session['amount_total'])} now" if session["amount_total"] else "Start the free trial",
        due=money(session["amount_total"], session["currency"]),
        trial=f"{days} days free, then the price above" if days else "No trial",
        email=customer.get("email") or session["customer_email"] or "owner@studio.test",
        name=customer.get("name") or "Sandbox Studio",
        countries=joined(options),
        choices=_means_choice(chosen),
        without_card=skip,
        cancel_url=session["cancel_url"] or session["success_url"],
        error=fill("error", text=error) if error else "",
    )


async def pay(request: Request) -> Response:
    """The form, or a test that posts nothing at all: every field has a default."""
    world = world_of(request)
    session = world.stripe.get(sessions.KIND, request.path_params["id"])
    form = {name: str(value) for name, value in (await request.form()).items()}
    customer = world.stripe.objects.get("customer", {}).get(session["customer"] or "", {})
    try:
        sessions.complete(
            world,
            session,
            means=_means(form.get("means", "good")),
            email=form.get("email") or customer.get("email") or session["customer_email"] or "owner@studio.test",
            name=form.get("name") or customer.get("name") or "Sandbox Studio",
            country=(form.get("country") or "DE").upper(),
        )
    except StripeError as error:
        if error.status != 402:
            raise
        return _checkout_page(world, session, error=error.message, chosen=form.get("means", "good"))
    target = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    return RedirectResponse(target, status_code=SEE_OTHER)


def _means(key: str) -> Means | None:
    """The chosen means of payment; None is "without"."""
    if key == "none":
        return None
    if key not in BY_KEY:
        raise StripeError(f"No such means of payment: {key}. Choose one of {', '.join(BY_KEY)}, none.")
    return BY_KEY[key]


def _portal(request: Request) -> tuple[World, Json, Json | None]:
    world = world_of(request)
    session = world.stripe.get("billing_portal.session", request.path_params["id"])
    if session["created"] + PORTAL_LIFETIME < world.now():
        raise StripeError("This portal link has expired. Open the portal again from your account.", status=410)
    newest = (item for item in world.stripe.all("subscription") if item["customer"] == session["customer"])
    return world, session, next(newest, None)


async def show_portal(request: Request) -> Response:
    world, session, subscription = _portal(request)
    customer = world.stripe.get("customer", session["customer"])
    rows = [
        fill(
            "invoice_row",
            id=item["id"],
            number=item["number"],
            total=money(item["total"]),
            status=item["status"],
        )
        for item in world.stripe.all("invoice")
        if item["customer"] == session["customer"]
    ]
    return page(
        "portal",
        title="Billing",
        brand="stripe",
        session=session["id"],
        name=customer["name"] or customer["email"] or customer["id"],
        subscription=_subscription_card(world, session, subscription) if subscription else "",
        choices=_means_choice("good"),
        invoices=joined(rows) or fill("empty", text="No invoices yet."),
        return_url=session["return_url"] or world.settings.public_base_url,
    )


def _subscription_card(world: World, session: Json, subscription: Json) -> Html:
    item = subscription["items"]["data"][0]
    ending = subscription["cancel_at_period_end"]
    over = subscription["status"] == "canceled"
    state = ", ends on" if ending else ", renews on"
    verb, label = ("resume", "Keep my plan") if ending else ("cancel", "Cancel at the end of the period")
    method = billing.method_of(world, subscription)
    other = next((price for price in world.stripe.all("price") if _is_other_plan(price, item["price"])), None)
    change = fill("portal_change", session=session["id"], price=other["id"], plan=_plan(world, other)) if other else ""
    return fill(
        "portal_subscription",
        session=session["id"],
        plan=_plan(world, item["price"]),
        price=money(item["price"]["unit_amount"]),
        status=subscription["status"],
        when="" if over else f"{state} {day(item['current_period_end'])}",
        method=f"{method['type']} ···· {method[method['type']]['last4']}" if method else "none",
        buttons=""
        if over
        else joined([fill("portal_button", session=session["id"], verb=verb, label=label), Html(change)]),
    )


def _plan(world: World, price: Json) -> str:
    return str(world.stripe.get("product", price["product"])["name"])


def _is_other_plan(price: Json, current: Json) -> bool:
    return bool(price["active"] and price["id"] != current["id"] and price["type"] == "recurring")


async def use_portal(request: Request) -> Response:
    """`do` is cancel, resume, card or plan."""
    world, session, subscription = _portal(request)
    form = {name: str(value) for name, value in (await request.form()).items()}
    verb = form.get("do", "")
    if subscription is None:
        raise StripeError("There is no subscription to change.")
    if verb in ("cancel", "resume"):
        billing.cancel_at_end(world, subscription, verb == "cancel")
    elif verb == "plan":
        _change_plan(world, subscription, form.get("price", ""))
    elif verb == "card":
        change_method(world, subscription, _means(form.get("means", "good")))
    else:
        raise StripeError("The portal knows cancel, resume, card and plan.")
    return RedirectResponse(f"/portal/{session['id']}", status_code=SEE_OTHER)


def _change_plan(world: World, subscription: Json, price_id: str) -> None:
    price = world.stripe.get("price", price_id, param="price", status=400)
    items = {**subscription["items"], "data": [{**subscription["items"]["data"][0], "price": price}]}
    proration.settle(world, subscription, proration.Change(items, proration.LATER, world.now()))


def change_method(world: World, subscription: Json, means: Means | None) -> None:
    """A new means of payment; what was owed is collected with it at once.

    Raises:
        StripeError: 402, the card is refused.
    """
    if means is None:
        raise StripeError("Choose a means of payment.")
    customer = world.stripe.get("customer", subscription["customer"])
    method = billing.attach(world, customer, means)
    billing.change(world, subscription, {"default_payment_method": method["id"]})
    newest = world.stripe.get("invoice", subscription["latest_invoice"])
    if newest["status"] == "open":
        billing.collect(world, newest)


async def show_invoice(request: Request) -> Response:
    world = world_of(request)
    invoice = world.stripe.get("invoice", request.path_params["id"])
    open_form = fill("invoice_pay", id=invoice["id"], choices=_means_choice("good"))
    return page(
        "invoice",
        title=f"Invoice {invoice['number']}",
        brand="stripe",
        number=invoice["number"],
        name=invoice["customer_name"] or invoice["customer_email"] or "",
        subtotal=money(invoice["subtotal"]),
        tax=money(invoice["total"] - invoice["subtotal"]),
        total=money(invoice["total"]),
        status=invoice["status"],
        date=day(invoice["created"]),
        pay=open_form if invoice["status"] == "open" else "",
    )


async def settle_invoice(request: Request) -> Response:
    world = world_of(request)
    invoice = world.stripe.get("invoice", request.path_params["id"])
    form = await request.form()
    if invoice["status"] == "open":
        change_method(world, billing.subscription_of(world, invoice), _means(str(form.get("means", "good"))))
    if invoice["status"] == "open":
        billing.collect(world, invoice)
    return RedirectResponse(f"/invoice/{invoice['id']}", status_code=SEE_OTHER)


async def print_invoice(request: Request) -> Response:
    """The invoice on paper: one page with number and sum."""
    invoice = world_of(request).stripe.get("invoice", request.path_params["id"])
    return _paper("Invoice", invoice)


async def print_note(request: Request) -> Response:
    """The credit note on paper."""
    return _paper("Credit note", world_of(request).stripe.get("credit_note", request.path_params["id"]))


def _paper(title: str, thing: Json) -> Response:
    text = f"{title} {thing['number']}  {money(thing['total'], thing['currency'])}  {day(thing['created'])}"
    drawn = f"BT /F1 18 Tf 60 760 Td ({text}) Tj ET"
    parts = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources<</Font<</F1 4 0 R>>>>>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        f"<</Length {len(drawn)}>>\nstream\n{drawn}\nendstream",
    )
    body = "".join(f"{number} 0 obj{part}endobj\n" for number, part in enumerate(parts, 1))
    pdf = f"%PDF-1.4\n{body}trailer<</Root 1 0 R>>\n%%EOF\n"
    name = {"Content-Disposition": f'attachment; filename="{thing["number"]}.pdf"'}
    return Response(pdf.encode(), media_type="application/pdf", headers=name)


def _link(request: Request) -> tuple[World, Json]:
    world = world_of(request)
    link = world.stripe.account_links.get(request.path_params["key"])
    if link is None:
        raise StripeError("No such link.", status=404)
    return world, link


async def show_onboarding(request: Request) -> Response:
    """Opening the link uses it up; a second visit goes to the refresh URL."""
    world, link = _link(request)
    if link["used"] or link["expires_at"] < world.now():
        return RedirectResponse(link["refresh_url"], status_code=SEE_OTHER)
    link["used"] = True
    return page("connect", title="Get paid", brand="stripe", account=link["account"], key=request.path_params["key"])


async def onboard(request: Request) -> Response:
    """`do=later` comes back without having finished, as people do."""
    world, link = _link(request)
    form = await request.form()
    link["used"] = True
    if form.get("do") != "later":
        accounts.onboard(world, link["account"])
    return RedirectResponse(link["return_url"], status_code=SEE_OTHER)
