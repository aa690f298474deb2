"""Browsers in which a person has signed in before.

Each carries a cookie of 256 random bits. It tells two things: whether a sign-in deserves a letter, and whose wrong
passwords are counted together. Strangers share one counter for an account; a known device has its own, so that whoever
hammers at an account from outside cannot lock its owner out (reliability S3).
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from pilar.backplane.tenancy import atomic
from pilar.kernel import clock
from pilar.kernel.switchboard import Empty, Work
from workspaces.links import hashed, new_token
from workspaces.models import KnownDevice, User
from workspaces.models.user import normal_email

LIVES = timedelta(days=400)
"""Browsers keep no cookie longer."""


def recognized(request: HttpRequest, email: str) -> str:
    """Return the mark of this browser when the account with `email` has been open in it, else an empty text."""
    token = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    if not token:
        return ""
    mark = hashed(token)
    return mark if KnownDevice.objects.filter(user__email=normal_email(email), token_hash=mark).exists() else ""


def remember(request: HttpRequest, response: HttpResponse, user: User, *, now: datetime) -> bool:
    """Note a completed sign-in. Returns whether the account was opened before, but never in this browser."""
    token = request.COOKIES.get(settings.DEVICE_COOKIE_NAME) or new_token()
    with atomic():
        is_first = not KnownDevice.objects.filter(user=user).exists()
        _device, is_new = KnownDevice.objects.update_or_create(
            user=user,
            token_hash=hashed(token),
            defaults={"last_seen_at": now},
            create_defaults={"first_seen_at": now, "last_seen_at": now},
        )
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        token,
        max_age=LIVES,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return is_new and not is_first


def forget_unused(_work: Work[Empty]) -> dict[str, int]:
    """Job handler: forget the devices whose cookie has expired."""
    with atomic():
        return {"devices": KnownDevice.objects.filter(last_seen_at__lt=clock.now() - LIVES).delete()[0]}
