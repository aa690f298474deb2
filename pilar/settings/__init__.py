"""Settings: `environment` says what is configured, `django` wires Django and our rooms, `console` the operators' admin."""

from pilar.settings.console import UNFOLD as UNFOLD
from pilar.settings.django import *
from pilar.settings.logging import LOGGING as LOGGING
from pilar.settings.providers import *
