"""The demo studio comes to life: its owner pays, is set up, and has members who write. All of it through public HTTP routes.

So a newcomer signs in to a studio that works, and what they see was made in the same way as any other studio.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx

from provisioning.scripted_customer import READY_WITHIN, Forms, ScriptedCustomer, Stuck

ANSWERED_WITHIN = 60.0
MEMBERS_AT_ONCE = 3


@dataclass(frozen=True)
class Member:
    """Somebody of the demo studio. `says` is what they write, each message after the answer to the one before."""

    name: str
    phone: str
    language: str
    timezone: str
    tags: tuple[str, ...]
    wording: str
    says: tuple[str, ...]
    followup: tuple[str, timedelta] | None = None
    """A planned message beside the rhythm: its type, and how long from now; on another day at ten in the morning."""


MEMBERS = (
    Member(
        "Anna Berg", "+4915155501001", "de", "Europe/Berlin", ("Kraft", "Neu"),
        "Ich möchte vom Studio auf WhatsApp beim Training begleitet werden.",
        ("Ja", "Hallo! Wann passt ein Training diese Woche?", "Danke, Donnerstag geht gut."),
        ("motivation_message", timedelta(minutes=2)),
    ),
    Member(
        "Lukas Weber", "+4915155501002", "de", "Europe/Berlin", ("Rücken",),
        "Ich möchte vom Studio auf WhatsApp beim Training begleitet werden.",
        ("Ja gerne", "Was kostet eigentlich das Personal Training?"),
        ("goal_progress_report", timedelta(hours=3)),
    ),
    Member(
        "James Carter", "+447400123456", "en", "Europe/London", ("Running",),
        "I want the studio to coach me on WhatsApp.",
        ("Yes", "Could I come by on Friday for a training appointment?"),
        ("weekly_checkin", timedelta(days=1)),
    ),
    Member(
        "María López", "+34612345678", "es", "Europe/Madrid", ("Yoga",),
        "Quiero que el estudio me acompañe por WhatsApp.",
        ("Sí", "¿Puedo entrenar mañana por la tarde?"),
        ("missed_training_nudge", timedelta(days=2)),
    ),
    Member(
        "Jonas Keller", "+4915155501003", "de", "Europe/Berlin", ("Kraft",),
        "Ich möchte vom Studio auf WhatsApp beim Training begleitet werden.",
        ("Ja", "Ich möchte bitte mit einem Menschen sprechen."),
    ),
    Member(
        "Chloé Martin", "+33612345678", "fr", "Europe/Paris", ("Pilates",),
        "Je souhaite être accompagnée par le studio sur WhatsApp.",
        ("Oui", "STOP"),
    ),
    Member(
        "Giulia Rossi", "+393331234567", "it", "Europe/Rome", ("Neu",),
        "Desidero che lo studio mi segua su WhatsApp.",
        (),
    ),
)  # fmt: skip
"""Who agreed and talks, who asks for a person, who stopped, and who has not confirmed yet."""


@dataclass(kw_only=True)
class DemoOwner(ScriptedCustomer):
    """The owner of the demo studio, who signs in with a password. Works in the session and leaves no API key behind."""

    password: str
    workspace_id: str

    def bring_to_life(self) -> bool:
        """Carry the studio to where a newcomer can look around; False when it is there already.

        Raises Stuck, or httpx.HTTPError. What an earlier try has done is found and not done again.
        """
        self.sign_in()
        try:
            self._wait(self._has_begun, READY_WITHIN, "the set-up did not begin")
            was_ready = self._status()["status"] == "ready"
            if not was_ready:
                self._set_up()
            present = {lead["phone"] for lead in self._api("GET", "/api/leads?limit=200").json()["items"]}
            if was_ready and present:
                return False
            self._welcome([member for member in MEMBERS if member.phone not in present])
            return True
        finally:
            self.session.post("/accounts/logout/", headers=self._csrf())

    def sign_in(self) -> None:
        """Sign in on the page, as a person does."""
        page = self._ok(self.session.get("/accounts/login/"))
        form = Forms.of(page.text)
        hidden = {name: value for name, (kind, value) in form.fields.items() if kind == "hidden"}
        given = hidden | {"login": self.email, "password": self.password}
        answer = self._ok(self.session.post("/accounts/login/", data=given, headers={"Referer": str(page.url)}))
        if answer.url.path.startswith("/accounts/login"):
            raise Stuck("the password of the demo does not fit")

    def _has_begun(self) -> bool:
        return self.session.get(f"/api/provisioning/workspace/{self.workspace_id}/status").is_success

    def _set_up(self) -> None:
        self.pay()
        self.upload_paper()
        number = self.wait_for_number()
        if self._step("whatsapp_connection")["state"] == "awaiting_customer":
            self.connect_whatsapp(number)
        self.open_window()
        self.wait_until_ready()

    def pay(self) -> None:
        """Buy the plan and pay on the simulated page of Stripe, unless that is done."""
        answer = self.session.post("/api/billing/checkout", json={"plan": self.plan}, headers=self._csrf())
        if answer.status_code == httpx.codes.CONFLICT:
            return
        page = urlsplit(self._ok(answer).json()["url"])
        self._ok(self.outside.post(f"{page.path}/pay", data={"means": "good"}))

    def _welcome(self, members: list[Member]) -> None:
        number = self._step("twilio_number")["result"]["number"]
        with ThreadPoolExecutor(MEMBERS_AT_ONCE) as pool:
            list(pool.map(lambda member: self._meet(member, number), members))

    def _meet(self, member: Member, number: str) -> None:
        agreed = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        lead = self._api(
            "POST",
            "/api/leads",
            json={
                "name": member.name,
                "phone": member.phone,
                "language": member.language,
                "timezone": member.timezone,
                "tags": list(member.tags),
                "consent": {"source": "front desk", "wording": member.wording, "at": agreed},
            },
        ).json()
        for words in member.says:
            self._write(member, number, words)
        if member.followup:
            kind, later = member.followup
            due = _due(datetime.now(ZoneInfo(member.timezone)), later)
            self._api(
                "POST", "/api/followups", json={"leadId": lead["id"], "type": kind, "scheduledAt": due.isoformat()}
            )

    def _write(self, member: Member, number: str, words: str) -> None:
        before = self._received(member)
        self._ok(self.outside.post(f"/_control/phone/{member.phone}/send", json={"to": number, "text": words}))
        self._wait(lambda: self._received(member) > before, ANSWERED_WITHIN, f"{member.name} got no answer")

    def _received(self, member: Member) -> int:
        return len(self._ok(self.outside.get(f"/_control/phone/{member.phone}")).json()["messages"])

    def _step(self, name: str) -> dict[str, Any]:
        return next(step for step in self._status()["steps"] if step["name"] == name)

    def _api(self, method: str, path: str, **content: Any) -> httpx.Response:
        return self._ok(self.session.request(method, path, headers=self._csrf(), **content))


def _due(now: datetime, later: timedelta) -> datetime:
    """Nobody plans to write at night, also when the demo is started then."""
    due = now + later
    return due.replace(hour=10, minute=0, second=0, microsecond=0) if later.days else due
