"""The customer portal, where a studio changes its plan and its card."""

from pilar.kernel.ids import uuid7
from pilar.providers.stripe.client import plain, request


def create(*, customer: str, return_url: str, locale: str = "de", new_means: bool = False) -> str:
    """Return the address of a fresh portal session; it lives briefly, so create one on each click.

    With `new_means` it opens at once where a new card or bank account is entered.
    """
    params: dict[str, object] = {"customer": customer, "return_url": return_url, "locale": locale}
    if new_means:
        params["flow_data"] = {"type": "payment_method_update"}
    return request(
        "billing_portal.sessions.create",
        lambda client: str(
            plain(
                client.v1.billing_portal.sessions.create(
                    params=params,  # type: ignore[arg-type]
                    options={"idempotency_key": f"portal:{uuid7()}"},
                )
            )["url"]
        ),
    )
