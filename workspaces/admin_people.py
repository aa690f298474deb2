"""The operator's view of people and of how they get in: accounts, devices, keys, invitations."""

from collections.abc import Callable
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from pilar.backplane import confirmation
from pilar.backplane.admin_pages import actor_of
from pilar.backplane.audited_admin import AuditedAdmin
from pilar.backplane.tenant_admin import TenantAdmin
from pilar.kernel import clock
from pilar.ui import letter_pages
from pilar.ui.time_zones import TimeZoneField
from workspaces import api_keys, rescue
from workspaces.models import ApiKey, Invitation, KnownDevice, User

for unused in (Group, EmailAddress, Authenticator, UserSession):
    admin.site.unregister(unused)
"""Their own pages change access without a word in the trail. What operators need of them is an action on the person."""


class ZonedAdmin(AuditedAdmin):
    """Rows with a time zone. It is chosen from those that there are: with a mistyped one no page could be drawn."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "timezone":
            return TimeZoneField(initial=db_field.get_default(), widget=UnfoldAdminSelectWidget())
        return super().formfield_for_dbfield(db_field, request, **options)


@admin.register(User)
class UserAdmin(ZonedAdmin):
    list_display = ("email", "name", "language", "is_staff", "is_active", "date_joined")
    search_fields = ("email", "name")
    list_filter = ("is_staff", "is_active", "language")
    coded: ClassVar = {"language": "language"}
    exclude = ("password", "last_login")
    readonly_fields = ("date_joined",)
    actions_list: ClassVar = ["letters"]
    actions: ClassVar = ["verify_address", "forget_second_factors", "sign_out"]

    def get_urls(self) -> list[Any]:
        frame = path("letters/frame/", self.admin_site.admin_view(letter_pages.frame), name="letters_frame")
        return [frame, *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """People change their address themselves: it has to be proven."""
        shown = super().get_readonly_fields(request, obj)
        return [*shown, "email"] if obj else shown

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Who is added by hand comes in by a letter: nobody knows a password for them."""
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    @action(description=_("Letters"), url_path="letters")  # type: ignore[untyped-decorator]
    def letters(self, request: HttpRequest) -> HttpResponse:
        """Preview every letter that we send to people."""
        return letter_pages.preview(request)

    @admin.action(description=_("Take the address as proven"))
    def verify_address(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        """For somebody whom our letters do not reach and whom we know otherwise."""
        told = gettext("Whoever knows the password gets in. Make sure otherwise that the mailbox is theirs.")
        question = gettext("Take the addresses of these people as proven?")
        return self._each(request, rows, question, told, rescue.verify_address)

    @admin.action(description=_("Take away the second factors"))
    def forget_second_factors(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        """For somebody who has lost telephone and recovery codes."""
        told = gettext("Codes, passkeys and recovery codes are gone, the password suffices. The person gets a letter.")
        question = gettext("Take away the second factors of these people?")
        return self._each(request, rows, question, told, rescue.forget_second_factors)

    @admin.action(description=_("Sign out everywhere"))
    def sign_out(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        """For an account that strangers may be in."""
        told = gettext("All devices are signed out at once. Who knows the password can sign in again.")
        return self._each(request, rows, gettext("Sign these people out everywhere?"), told, rescue.sign_out)

    def _each(
        self, request: HttpRequest, rows: QuerySet[User], question: str, told: str, change: Callable[..., bool]
    ) -> HttpResponse | None:
        asked = confirmation.ask_about_rows(request, rows, question, facts=lambda: [told])
        if asked is not None:
            return asked
        with confirmation.within_reason(request):
            count = sum(change(person, actor=actor_of(request)) for person in list(rows))
        text = ngettext("%(count)d account was changed.", "%(count)d accounts were changed.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)
        return None


@admin.register(KnownDevice)
class KnownDeviceAdmin(TenantAdmin):
    list_display = ("user", "first_seen_at", "last_seen_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)


@admin.register(ApiKey)
class ApiKeyAdmin(TenantAdmin):
    list_display = ("name", "workspace", "prefix", "role", "created_at", "last_used_at", "revoked_at")
    search_fields = ("name", "prefix", "workspace__name")
    actions: ClassVar = ["revoke"]

    @admin.action(description=_("Revoke"))
    def revoke(self, request: HttpRequest, rows: QuerySet[ApiKey]) -> HttpResponse | None:
        """End keys that may have got into wrong hands."""
        told = gettext("Programs that use them are refused at once. The studio makes new ones itself.")
        asked = confirmation.ask_about_rows(request, rows, gettext("Revoke these keys?"), facts=lambda: [told])
        if asked is not None:
            return asked
        chosen = list(rows.filter(revoked_at=None).values_list("workspace_id", "pk"))
        with confirmation.within_reason(request):
            for workspace_id, key_id in chosen:
                api_keys.revoke(workspace_id=workspace_id, key_id=key_id, actor=actor_of(request), now=clock.now())
        text = ngettext("%(count)d key was revoked.", "%(count)d keys were revoked.", len(chosen))
        self.message_user(request, text % {"count": len(chosen)}, messages.SUCCESS)
        return None


@admin.register(Invitation)
class InvitationAdmin(TenantAdmin):
    list_display = ("email", "workspace", "role", "expires_at", "accepted_at")
    search_fields = ("email",)
