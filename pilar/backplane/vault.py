"""Credentials at rest (reliability S1): one data key per workspace, wrapped by a versioned master key.

AES-256-GCM throughout. The associated data names workspace, provider, field and key version, so a ciphertext that was
moved to another row does not open. `PILAR_ENCRYPTION_KEYS` lists the master keys: the first wraps, all unwrap.
"""

import os
import struct
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db.models import Max

from pilar.backplane import database_clock, sql
from pilar.backplane.models import DataKey
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.ids import uuid7

_FORMAT = 1
_HEAD = struct.Struct(">BH")
_NONCE = 12


class Broken(Exception):
    """The ciphertext, its key or the place it was found in is not what it was sealed with."""


def seal(text: str, *, provider: str, field: str) -> bytes:
    """Encrypt a secret of the current workspace for one provider's field."""
    version, key = _newest()
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), _place(current(), provider, field, version))
    return _HEAD.pack(_FORMAT, version) + nonce + sealed


def open(blob: bytes, *, provider: str, field: str) -> str:
    """Decrypt what `seal` returned for the same workspace, provider and field. Raises Broken, never returns the
    stored text.
    """
    blob = bytes(blob)
    if len(blob) < _HEAD.size + _NONCE:
        raise Broken("The stored secret is cut off")
    layout, version = _HEAD.unpack_from(blob)
    if layout != _FORMAT:
        raise Broken("The stored secret has an unknown format")
    nonce, sealed = blob[_HEAD.size : _HEAD.size + _NONCE], blob[_HEAD.size + _NONCE :]
    try:
        place = _place(current(), provider, field, version)
        return AESGCM(_data_key(version)).decrypt(nonce, sealed, place).decode()
    except InvalidTag as error:
        raise Broken("The stored secret does not belong here or was changed") from error


def rotate() -> int:
    """Give the current workspace a new data key for what is sealed from now on. Returns its version; old ones still
    open.
    """
    with atomic():
        newest: int = DataKey.objects.aggregate(newest=Max("version"))["newest"] or 0
        _make(newest + 1)
    return newest + 1


def rewrap(limit: int = 1000) -> tuple[int, int]:
    """Wrap data keys again that an older master key wrapped; in the platform scope. Returns (wrapped anew, still
    remaining).
    """
    master = _masters()[0][0]
    with atomic():
        old = DataKey.objects.exclude(master=master)
        stale = list(old.select_for_update(skip_locked=True)[:limit])
        for row in stale:
            row.wrapped = _wrapped(row.workspace_id, row.version, _unwrapped(row))
            row.master = master
            row.save(update_fields=["wrapped", "master"])
        return len(stale), old.count()


def erase() -> int:
    """Delete the current workspace's data keys: everything sealed with them is gone for good."""
    with atomic():
        return DataKey.objects.all().delete()[0]


def _place(workspace_id: UUID, provider: str, field: str, version: int) -> bytes:
    return f"pilar|{workspace_id}|{provider}|{field}|{version}".encode()


def _masters() -> list[tuple[str, bytes]]:
    """Return (name, key) of each master key; the name is a short hash that tells nothing of the key."""
    keys = [sha256(b"pilar master key\0" + text.encode()).digest() for text in settings.ENCRYPTION_KEYS]
    return [(sha256(b"pilar master name\0" + key).hexdigest()[:16], key) for key in keys]


def _newest() -> tuple[int, bytes]:
    with atomic():
        row = DataKey.objects.order_by("-version").first() or _make(1)
        return row.version, _unwrapped(row)


_INSERT = """
INSERT INTO autopilot_data_key (id, workspace_id, version, wrapped, master, created_at)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (workspace_id, version) DO NOTHING
"""


def _make(version: int) -> DataKey:
    workspace_id = current()
    wrapped = _wrapped(workspace_id, version, os.urandom(32))
    sql.run(_INSERT, [uuid7(), workspace_id, version, wrapped, _masters()[0][0], database_clock.now()])
    return DataKey.objects.get(version=version)


def _data_key(version: int) -> bytes:
    with atomic():
        row = DataKey.objects.filter(version=version).first()
    if row is None:
        raise Broken("The key of this secret is gone")
    return _unwrapped(row)


def _wrapped(workspace_id: UUID, version: int, key: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_masters()[0][1]).encrypt(nonce, key, f"pilar|{workspace_id}|{version}".encode())


def _unwrapped(row: DataKey) -> bytes:
    master = dict(_masters()).get(row.master)
    if master is None:
        raise Broken("The master key of this secret is not among PILAR_ENCRYPTION_KEYS")
    blob = bytes(row.wrapped)
    try:
        return AESGCM(master).decrypt(blob[:_NONCE], blob[_NONCE:], f"pilar|{row.workspace_id}|{row.version}".encode())
    except InvalidTag as error:
        raise Broken("A data key was changed") from error
