"""People sign in by e-mail; there are no user names."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from pilar.kernel.clock import now
from pilar.kernel.ids import uuid7


def normal_email(address: str) -> str:
    """Return the form in which addresses are stored and compared: two spellings are one mailbox."""
    return address.strip().lower()


class Rhythm(models.TextChoices):
    """How often an owner wants the summary of the studio."""

    OFF = "off", _("never")
    DAILY = "daily", _("every morning")
    WEEKLY = "weekly", _("on Mondays")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person; without a password they can only come in by e-mail link."""
        if not email:
            raise ValueError("A user needs an e-mail address")
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an operator of the platform."""
        return self.create_user(email, password, is_staff=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=normal_email(username or ""))


class User(AbstractBaseUser):
    """One person. What they may do in a studio is in `Membership`; `is_staff` makes a platform operator."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("e-mail"), unique=True, max_length=254)
    name = models.CharField(_("name"), max_length=150, blank=True)
    language = models.CharField(_("language"), max_length=5, default="de")
    timezone = models.CharField(_("time zone"), max_length=64, default="Europe/Berlin")
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("operator"), default=False)
    digest = models.CharField(_("summary by e-mail"), max_length=10, choices=Rhythm, default=Rhythm.WEEKLY)
    escalations = models.BooleanField(_("write to me when a member waits"), default=True)
    erase_at = models.DateTimeField(_("will be deleted"), null=True, blank=True, editable=False)
    undo_hash = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    date_joined = models.DateTimeField(_("joined"), default=now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = (
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_is_lower_case"),
        )
        indexes = (
            models.Index(fields=["erase_at"], condition=models.Q(erase_at__isnull=False), name="user_to_be_erased"),
        )

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        super().clean()
        self.email = normal_email(self.email)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = normal_email(self.email)
        super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email

    @property
    def is_superuser(self) -> bool:
        """Operators may do everything in the admin: there is one kind of them, so there are no groups to keep."""
        return self.is_staff

    def has_perm(self, perm: str, obj: object | None = None) -> bool:
        return self.is_active and self.is_staff

    def has_perms(self, perms: Iterable[str], obj: object | None = None) -> bool:
        return self.is_active and self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff


class KnownDevice(models.Model):
    """A browser in which somebody has signed in: its cookie's token as a hash (see `devices`)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    token_hash = models.CharField(max_length=64, editable=False)
    first_seen_at = models.DateTimeField(default=now, editable=False)
    last_seen_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("known device")
        verbose_name_plural = _("known devices")
        constraints = (models.UniqueConstraint(fields=["user", "token_hash"], name="one_device_per_person"),)
        indexes = (models.Index(fields=["last_seen_at"], name="device_last_seen"),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.last_seen_at:%Y-%m-%d}"
