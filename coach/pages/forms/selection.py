"""Which people were chosen in the list, and what is to become of them."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from coach import roster
from coach.exports import MOST_PEOPLE
from coach.roster import Filter


@dataclass(frozen=True, slots=True)
class Selection:
    """A form of check boxes, or everybody whom the filter shows."""

    kind: str
    ids: list[UUID]
    everybody: bool
    wanted: Filter
    tag: str
    until: datetime | None

    @classmethod
    def of(cls, given: QueryDict) -> "Selection":
        """Read the form; ids that are none are left out."""
        return cls(
            kind=given.get("do", "")[:8],
            ids=[found for found in map(_id, given.getlist("ids")) if found],
            everybody=given.get("all") == "1",
            wanted=Filter.of(dict(parse_qsl(given.get("query", "")))),
            tag=given.get("tag", "").replace("\x00", "")[:60],
            until=_until(given.get("until", "")),
        )

    @property
    def query(self) -> str:
        """The filter as it stands in the address of the list."""
        return urlencode(self.wanted.query())

    def lead_ids(self, *, now: datetime) -> list[UUID]:
        """Return whom it is about."""
        if self.everybody:
            return list(roster.rows(self.wanted, now=now).values_list("pk", flat=True)[:MOST_PEOPLE])
        return self.ids


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _until(text: str) -> datetime | None:
    """The end of a day in the studio's zone; `7`, `14` and `28` are so many days from today."""
    if text in ("7", "14", "28"):
        day = timezone.localdate() + timedelta(days=int(text))
    else:
        try:
            found = parse_date(text)
        except ValueError:
            return None
        if found is None or found.year > 2100:
            return None
        day = found
    return timezone.make_aware(datetime.combine(day, time(23, 59)))


class ErasureForm(forms.Form):
    """The number of people, typed, so that nobody erases more than they think."""

    typed = forms.CharField(label=gettext_lazy("Type the number of members to confirm"), max_length=10)

    def __init__(self, data: QueryDict | None, *, people: int) -> None:
        super().__init__(data)
        self.people = people
        self.fields["typed"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"]).strip()
        if typed != str(self.people):
            raise forms.ValidationError(_("Type %(number)s to erase them for good.") % {"number": self.people})
        return typed
