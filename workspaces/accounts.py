"""How allauth works with our people: no user names, texts through the outbox, language of the reader."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import get_language


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """There are no user names."""

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """Remember the language in which the person signed up."""
        user.language = (get_language() or "de")[:2]
        return super().save_user(request, user, form, commit=commit)
