"""Which lead a WhatsApp contact is: by any alias, adding new ones, never moving one (providers.md 3.3)."""

from dataclasses import dataclass

from coach import numbers
from coach.models import Lead, LeadAlias

Kind = LeadAlias.Kind


@dataclass(frozen=True, slots=True)
class Contact:
    """How WhatsApp names somebody: digits without plus, a business-scoped user id, or both."""

    sender: str = ""
    user_id: str = ""

    @property
    def phone(self) -> str:
        return numbers.from_wa_id(self.sender) if self.sender else ""

    def aliases(self) -> list[tuple[str, str]]:
        """Return the aliases this contact brings along, the surest first."""
        found = [(Kind.PHONE, self.phone), (Kind.BSUID, self.user_id), (Kind.WA_ID, self.sender)]
        return [(str(kind), value) for kind, value in found if value]


def find(contact: Contact) -> Lead | None:
    """Return the lead with any of the contact's aliases. When two claim it, the telephone number decides and nothing moves."""
    wanted = contact.aliases()
    rows = LeadAlias.objects.select_related("lead").filter(value__in=[value for _, value in wanted])
    by_alias = {(row.kind, row.value): row.lead for row in rows}
    return next((by_alias[alias] for alias in wanted if alias in by_alias), None)


def add(lead: Lead, contact: Contact) -> None:
    """Note the contact's aliases for the lead; one that belongs to another lead stays there."""
    rows = [LeadAlias(lead=lead, kind=kind, value=value) for kind, value in contact.aliases()]
    LeadAlias.objects.bulk_create(rows, ignore_conflicts=True)


def moved(lead: Lead, contact: Contact) -> None:
    """Let the contact's number be the lead's, unless it is another lead's already."""
    is_free = not Lead.objects.filter(phone=contact.phone).exclude(pk=lead.pk).exists()
    if contact.phone and is_free and find(Contact(sender=contact.sender)) == lead:
        lead.phone = contact.phone
        lead.save(update_fields=["phone", "updated_at"])


def address(lead: Lead) -> str:
    """Return where to write to: the number's digits when it is known, else the newest user id; empty when there is neither."""
    if lead.phone:
        return numbers.wa_id(lead.phone)
    rows = dict(LeadAlias.objects.filter(lead=lead).order_by("created_at", "id").values_list("kind", "value"))
    return rows.get(Kind.WA_ID) or rows.get(Kind.BSUID, "")
