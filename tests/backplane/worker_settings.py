"""The product's settings, with the work of the tests added: for real worker processes."""

from pilar.settings import *  # noqa: F403
from pilar.settings import INSTALLED_APPS

INSTALLED_APPS += ["tests.backplane.labour"]
