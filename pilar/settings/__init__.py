"""Settings: the environment says what is configured (`environment`), Django and our rooms are wired in `django`."""

from pilar.settings.django import *
from pilar.settings.logging import LOGGING as LOGGING
from pilar.settings.providers import *
