"""Kept apart from `access`: DRF reads its defaults while its own views are still being imported."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class Denied(BasePermission):
    """The default of every view: a view that names no rule answers nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False
