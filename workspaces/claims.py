"""Taking over a studio that was paid for before anybody signed in: by a link to the payer's mailbox.

The link's token is stored as a hash, works once and for seven days, and each new link ends the one before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel import clock
from pilar.kernel.problems import NotFound
from pilar.kernel.switchboard import Happened
from pilar.providers.email import outbox
from pilar.providers.events import LetterLost
from workspaces import founding
from workspaces.links import LinkState, hashed, new_person, new_token, refuse_others
from workspaces.models import SignUp, User
from workspaces.models.access import MemberRole
from workspaces.models.user import normal_email

LIVES = timedelta(days=7)
MOST_LINKS = 10
State = SignUp.State
_LETTERS = "claim"


@dataclass(frozen=True, slots=True)
class Link:
    state: LinkState
    sign_up: SignUp | None = None


def send(sign_up: SignUp, *, now: datetime) -> None:
    """Make a fresh link and mail it. Runs in the workspace's scope, inside `atomic()`, with the sign-up locked."""
    token = new_token()
    sign_up.token_hash, sign_up.token_expires_at = hashed(token), now + LIVES
    sign_up.links_sent += 1
    sign_up.save(update_fields=["token_hash", "token_expires_at", "links_sent"])
    outbox.send(
        to=sign_up.email,
        template="claim",
        context={
            "studio": sign_up.studio,
            "url": f"{settings.PUBLIC_BASE_URL}/claim/{token}",
            "expires_at": sign_up.token_expires_at,
        },
        language=sign_up.language,
        key=f"{_LETTERS}:{sign_up.pk}:{sign_up.links_sent}",
    )


def write_again(happened: Happened[LetterLost]) -> None:
    """Event handler: nobody knows whether the last link arrived, and without one a customer who paid stands outside."""
    kind, _, rest = happened.payload.key.partition(":")
    if kind != _LETTERS:
        return
    sign_up_id, _, number = rest.partition(":")
    waiting = SignUp.objects.filter(pk=sign_up_id, links_sent=int(number), state=State.PAID, user=None)
    with atomic():
        sign_up = waiting.filter(links_sent__lt=MOST_LINKS).select_for_update().first()
        if sign_up is not None:
            send(sign_up, now=clock.now())


def look(token: str, *, now: datetime) -> Link:
    """Say what a link is good for."""
    sign_up = SignUp.objects.filter(token_hash=hashed(token)).first()
    if sign_up is None:
        return Link(LinkState.UNKNOWN)
    if sign_up.state == State.CLAIMED:
        return Link(LinkState.USED, sign_up)
    if sign_up.token_expires_at is None or sign_up.token_expires_at <= now:
        return Link(LinkState.EXPIRED, sign_up)
    return Link(LinkState.VALID, sign_up)


def known_user(link: Link) -> User | None:
    """Return the person who has the link's address already: they sign in instead of choosing a password."""
    return User.objects.filter(email=link.sign_up.email).first() if link.sign_up else None


def claim(token: str, *, user: User | None, password: str = "", name: str = "", now: datetime) -> User:
    """Make the link's holder the owner and end the link. With `user` None an account is made, its address verified.

    Raises NotFound for a link that is not valid (any more), Forbidden when it was sent to somebody else than `user`,
    Conflict when the address has an account: then its owner signs in.
    """
    found = look(token, now=now).sign_up
    if found is None:
        raise NotFound
    with all_tenants("a claim link opens the studio it was sent for"), tenant(found.workspace_id or found.pk), atomic():
        sign_up = SignUp.objects.select_for_update().get(pk=found.pk)
        if look(token, now=now).state is not LinkState.VALID:
            raise NotFound
        if user is not None:
            refuse_others(user, sign_up.email)
        person = user or new_person(sign_up.email, password=password, name=name, language=sign_up.language)
        founding.admit(
            workspace_id=sign_up.workspace_id or sign_up.pk,
            user=person,
            role=MemberRole.OWNER,
            actor=f"user:{person.pk}",
        )
        sign_up.state, sign_up.claimed_at, sign_up.user = State.CLAIMED, now, person
        sign_up.save(update_fields=["state", "claimed_at", "user"])
    return person


def send_again(email: str, *, now: datetime) -> None:
    """Mail a fresh link for each studio that waits for this address. Tells nobody whether there is one."""
    waiting = SignUp.objects.filter(email=normal_email(email), state=State.PAID, user=None, links_sent__lt=MOST_LINKS)
    for sign_up in waiting.order_by("created_at")[:5]:
        with all_tenants("a claim link is sent again"), tenant(sign_up.workspace_id or sign_up.pk), atomic():
            locked = SignUp.objects.select_for_update().get(pk=sign_up.pk)
            if locked.state == State.PAID:
                send(locked, now=now)
