"""Is there a customer, does the customer pay, is there a workspace to build in (specification: steps customer_validation,
subscription, workspace_creation)."""

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from pilar.backplane.tenancy import atomic
from pilar.kernel.clock import now
from pilar.kernel.steps import Done, Skipped, StepContext, StepOutcome, Waiting, wait_for_customer
from pilar.providers.stripe import customers
from provisioning import defaults
from workspaces import billing, directory, plan_limits

PAYMENT_CHECK = timedelta(minutes=10)


def not_configured() -> Skipped | None:
    """Say what is missing, or return None when Stripe can be used."""
    if settings.STRIPE_SECRET_KEY:
        return None
    return Skipped(_("Stripe is not configured on this installation, so nobody is asked to pay."))


def validate_customer(context: StepContext) -> StepOutcome:
    """Only customers that Stripe knows are provisioned (checklist P-33)."""
    subscription = billing.subscription()
    if subscription is None:
        return _wait_for_payment(_("Choose a plan to begin. Nothing is charged during the trial."))
    customer = customers.retrieve(subscription.stripe_customer_id)
    if customer.deleted:
        return _wait_for_payment(_("The customer account at Stripe was deleted. Choose a plan to begin anew."))
    return Done({"customer": customer.id})


def ensure_subscription(context: StepContext) -> StepOutcome:
    """Ask Stripe how the subscription stands; this also mends webhooks that never came (checklist P-08)."""
    billing.refresh(context.workspace_id, now=now())
    subscription = billing.subscription()
    if subscription is None or not billing.full_service(subscription):
        return _wait_for_payment(_("The payment is not complete. Check the means of payment."))
    return Done({"subscription": subscription.stripe_subscription_id, "status": subscription.status})


def _wait_for_payment(reason: str) -> Waiting:
    return wait_for_customer("payment", reason, now=now(), action="workspaces:billing", look_again=PAYMENT_CHECK)


def ensure_workspace(context: StepContext) -> StepOutcome:
    """Put the workspace's clock and weight where the engine reads them, and fix the defaults that the next steps install."""
    with atomic():
        workspace = directory.get(context.workspace_id)
        plan_limits.apply(workspace)
    version, chosen = defaults.current_defaults(language=workspace.language)
    return Done(
        {
            "language": workspace.language,
            "country": workspace.country,
            "timezone": workspace.timezone,
            "defaults_version": version,
            "defaults": chosen.model_dump(mode="json"),
        }
    )
