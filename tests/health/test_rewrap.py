from io import StringIO
from uuid import UUID

import pytest
from django.core.management import call_command
from pytest_django import Settings

from pilar.backplane import vault

pytestmark = pytest.mark.django_db
NEW = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="


def test_after_a_rotation_the_old_master_key_is_no_longer_needed(in_studio: UUID, settings: Settings) -> None:
    sealed = vault.seal("secret", provider="x", field="y")
    settings.ENCRYPTION_KEYS = [NEW, *settings.ENCRYPTION_KEYS]
    out = StringIO()
    call_command("rewrap_keys", stdout=out)
    settings.ENCRYPTION_KEYS = [NEW]
    assert out.getvalue() == "1 data keys were wrapped anew, 0 remain.\n"
    assert vault.open(sealed, provider="x", field="y") == "secret"
