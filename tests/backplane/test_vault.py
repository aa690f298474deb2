from typing import Any
from uuid import UUID

import pytest

from pilar.backplane import vault
from pilar.backplane.tenancy import all_tenants, tenant
from pilar.kernel.ids import uuid7
from tests.backplane.trade import rows

pytestmark = pytest.mark.django_db
PLACE = {"provider": "twilio", "field": "token"}


def test_a_secret_comes_back_as_it_was(inside: UUID) -> None:
    assert vault.open(vault.seal("hüsch", **PLACE), **PLACE) == "hüsch"


def test_the_stored_bytes_do_not_contain_it_and_never_repeat(inside: UUID) -> None:
    first, second = vault.seal("secret", **PLACE), vault.seal("secret", **PLACE)
    assert b"secret" not in first
    assert first != second


@pytest.mark.parametrize("place", [{"provider": "stripe", "field": "token"}, {"provider": "twilio", "field": "sid"}])
def test_a_ciphertext_in_another_place_does_not_open(inside: UUID, place: dict[str, str]) -> None:
    sealed = vault.seal("secret", **PLACE)
    with pytest.raises(vault.Broken):
        vault.open(sealed, **place)


def test_a_ciphertext_moved_to_another_workspace_does_not_open(db: None) -> None:
    with tenant(uuid7()):
        sealed = vault.seal("secret", **PLACE)
    with tenant(uuid7()):
        vault.seal("own key", **PLACE)
        with pytest.raises(vault.Broken):
            vault.open(sealed, **PLACE)


@pytest.mark.parametrize("position", [0, 1, 5, 20, -1])
def test_a_changed_byte_anywhere_is_noticed(inside: UUID, position: int) -> None:
    changed = bytearray(vault.seal("secret", **PLACE))
    changed[position] ^= 1
    with pytest.raises(vault.Broken):
        vault.open(bytes(changed), **PLACE)


@pytest.mark.parametrize("blob", [b"", b"plain text", b"\x01" * 14])
def test_what_was_never_sealed_is_not_returned(inside: UUID, blob: bytes) -> None:
    with pytest.raises(vault.Broken):
        vault.open(blob, **PLACE)


def test_a_new_data_key_leaves_the_old_secrets_readable(inside: UUID) -> None:
    old = vault.seal("secret", **PLACE)
    assert vault.rotate() == 2
    assert vault.open(old, **PLACE) == vault.open(vault.seal("secret", **PLACE), **PLACE)


def test_master_keys_rotate_while_running(workspace: UUID, settings: Any, db: None) -> None:
    before = list(settings.ENCRYPTION_KEYS)
    with tenant(workspace):
        sealed = vault.seal("secret", **PLACE)
    settings.ENCRYPTION_KEYS = ["n" * 44, *before]
    with all_tenants("the master key changed"):
        assert vault.rewrap() == (1, 0)
    settings.ENCRYPTION_KEYS = ["n" * 44]
    with tenant(workspace):
        assert vault.open(sealed, **PLACE) == "secret"


def test_without_its_master_key_nothing_opens(inside: UUID, settings: Any) -> None:
    sealed = vault.seal("secret", **PLACE)
    settings.ENCRYPTION_KEYS = ["another" * 8]
    with pytest.raises(vault.Broken):
        vault.open(sealed, **PLACE)


def test_a_data_key_moved_to_another_workspace_opens_nothing(inside: UUID) -> None:
    sealed = vault.seal("secret", **PLACE)
    thief = uuid7()
    rows("UPDATE autopilot_data_key SET workspace_id = %s RETURNING 1", thief)
    with pytest.raises(vault.Broken):
        vault.open(sealed, **PLACE)


def test_an_erased_workspaces_secrets_are_gone_for_good(inside: UUID) -> None:
    sealed = vault.seal("secret", **PLACE)
    assert vault.erase() == 1
    with pytest.raises(vault.Broken):
        vault.open(sealed, **PLACE)
