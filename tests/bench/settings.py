"""The product's settings, with the handlers of the measurements added."""

from pilar.settings import *  # noqa: F403
from pilar.settings import INSTALLED_APPS

INSTALLED_APPS += ["tests.bench.labour"]
