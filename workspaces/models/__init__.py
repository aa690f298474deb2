"""Who uses the product, what they pay for, and what the studio told us about itself."""

from workspaces.models.access import ApiKey, Invitation, Membership
from workspaces.models.billing import Invoice, MoneyBack, Plan, SignUp, Subscription
from workspaces.models.contact import ContactRequest
from workspaces.models.export import DataExport
from workspaces.models.studio import OnboardingDraft, Policy, StudioDocument, StudioProfile
from workspaces.models.user import KnownDevice, User
from workspaces.models.workspace import Workspace

__all__ = [
    "ApiKey",
    "ContactRequest",
    "DataExport",
    "Invitation",
    "Invoice",
    "KnownDevice",
    "Membership",
    "MoneyBack",
    "OnboardingDraft",
    "Plan",
    "Policy",
    "SignUp",
    "StudioDocument",
    "StudioProfile",
    "Subscription",
    "User",
    "Workspace",
]
