#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from django.core.management import execute_from_command_line

from pilar.runtime.environment import adopt

if __name__ == "__main__":
    adopt(os.environ)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pilar.settings")
    execute_from_command_line(sys.argv)
