"""The project's own modules, for the guards of this folder."""

from tests.database import ROOT

ROOMS = ("pilar", "workspaces", "provisioning", "coach", "health", "affiliates")
MODULES = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]
SOURCES = [file for file in MODULES if "migrations" not in file.parts]
"""What people wrote: migrations are generated."""
