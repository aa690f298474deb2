"""The facts this room publishes, each in the scope of its workspace."""

from typing import Literal

from pilar.kernel.switchboard import Empty, Payload

Trigger = Literal["stripe", "onboarding", "manual"]

WORKSPACE_CREATED = "workspace.created"
WORKSPACE_SUSPENDED = "workspace.suspended"
WORKSPACE_RESUMED = "workspace.resumed"
READY_TO_PROVISION = "workspace.ready_to_provision"
SUBSCRIPTION_CHANGED = "subscription.changed"
ONBOARDING_COMPLETED = "onboarding.completed"
DOCUMENT_ADDED = "document.added"


class SubscriptionChanged(Payload):
    """Stripe's words; `previous` is empty for a new subscription."""

    status: str
    previous: str
    plan: str


class ReadyToProvision(Payload):
    trigger: Trigger


class Suspended(Payload):
    reason: str


class OnboardingCompleted(Payload):
    """`version` is that of the studio's profile."""

    version: int


class DocumentAdded(Payload):
    kind: str


__all__ = [
    "DocumentAdded",
    "Empty",
    "OnboardingCompleted",
    "ReadyToProvision",
    "SubscriptionChanged",
    "Suspended",
    "Trigger",
]
