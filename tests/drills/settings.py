"""The product's settings, with the work of the drills added: for the processes of an installation."""

from pilar.settings import *  # noqa: F403
from pilar.settings import INSTALLED_APPS

INSTALLED_APPS += ["tests.drills.labour"]
