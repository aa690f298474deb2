"""Who asks. Doors build a `Principal`; domain functions get it, or its `actor` text for the audit."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """Roles of design section 1; the first four belong to a workspace, strongest first."""

    OWNER = "owner"
    ADMIN = "admin"
    COACH = "coach"
    VIEWER = "viewer"
    AFFILIATE = "affiliate"
    OPERATOR = "operator"
    SYSTEM = "system"


_RANK = {Role.OWNER: 4, Role.ADMIN: 3, Role.COACH: 2, Role.VIEWER: 1}


@dataclass(frozen=True, slots=True)
class Principal:
    """One authenticated caller. `workspace_id` is None for those that belong to no single studio."""

    workspace_id: UUID | None
    actor: str
    role: Role
    scopes: frozenset[str] = field(default_factory=frozenset)

    def at_least(self, role: Role) -> bool:
        """Say whether this caller holds `role` or a stronger one within its workspace."""
        return _RANK.get(self.role, 0) >= _RANK[role]

    def allows(self, scope: str) -> bool:
        """Say whether the credential carries `scope`; a credential without scopes is not limited by them."""
        return not self.scopes or scope in self.scopes


SYSTEM = Principal(workspace_id=None, actor="system", role=Role.SYSTEM)
