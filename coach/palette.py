"""What the command palette finds in the coach's room: its pages, what one may tell the coach, members, chats."""

from collections.abc import Collection

from django.db.models import Model, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from coach import config
from coach.models import Conversation, Lead
from pilar.kernel.principal import Role
from pilar.kernel.shown import Ask, Command, Hit
from pilar.ui.templatetags.ui import phone


def _is_on() -> bool:
    return config.latest()[1].enabled


def _is_paused() -> bool:
    return not _is_on()


COMMANDS = (
    Command("chats", _("Chats"), "messages-square", lambda: reverse("coach:chats"), order=11),
    Command("members", _("Members"), "users", lambda: reverse("coach:members"), order=12),
    Command("automation", _("Automation"), "sparkles", lambda: reverse("coach:automation"), order=13),
    Command(
        "member.add",
        _("Add a member"),
        "user-plus",
        lambda: reverse("coach:member_add"),
        role=Role.COACH,
        words=_("new person contact create"),
        order=1,
    ),
    Command(
        "chats.waiting",
        _("Chats that wait for you"),
        "hand",
        lambda: reverse("coach:chats") + "?filter=waiting",
        words=_("answer reply open"),
        order=2,
    ),
    Command(
        "coach.pause",
        _("Pause the coach"),
        "pause",
        lambda: reverse("coach:pause"),
        role=Role.ADMIN,
        words=_("stop off halt messages"),
        fields={"paused": "1"},
        order=3,
        when=_is_on,
    ),
    Command(
        "coach.resume",
        _("Let the coach go on"),
        "play",
        lambda: reverse("coach:pause"),
        role=Role.ADMIN,
        words=_("start on resume messages"),
        fields={"paused": "0"},
        order=3,
        when=_is_paused,
    ),
)


def _called(text: str, prefix: str = "") -> Q:
    """Match a name by its beginning or by that of one of its words, a number by any part of it."""
    found = Q(**{f"{prefix}name__istartswith": text}) | Q(**{f"{prefix}name__icontains": f" {text}"})
    digits = "".join(letter for letter in text if letter.isdigit()).lstrip("0")
    return found | Q(**{f"{prefix}phone__contains": digits}) if len(digits) > 2 else found


def _found[M: Model](ask: Ask, rows: QuerySet[M], prefix: str = "") -> QuerySet[M]:
    """Those whose member is called so; the first ones while nothing is typed."""
    return (rows.filter(_called(ask.text, prefix)) if ask.text else rows)[: ask.most]


def called(ids: Collection[str]) -> dict[str, Hit]:
    """Members by id, as the activity names them."""
    rows = Lead.objects.filter(pk__in=ids)
    return {str(row.pk): Hit(str(row), reverse("coach:member", args=[row.pk])) for row in rows}


def members(ask: Ask) -> list[Hit]:
    """Members by name or number; the newest while nothing is typed."""
    return [
        Hit(str(row), reverse("coach:member", args=[row.pk]), note=phone(row.phone), icon="user")
        for row in _found(ask, Lead.objects.order_by("-id"))
    ]


def chats(ask: Ask) -> list[Hit]:
    """Chats by the name or number of their member; the latest while nothing is typed."""
    begun = Conversation.objects.filter(last_message_at__isnull=False).select_related("lead")
    return [
        Hit(str(row.lead), reverse("coach:chat", args=[row.pk]), icon="message-circle")
        for row in _found(ask, begun.order_by("-last_message_at", "-id"), "lead__")
    ]
