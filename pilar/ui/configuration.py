"""What the settings need to know about templates and languages."""

from pathlib import Path
from typing import Any

LANGUAGES = [
    ("de", "Deutsch"),
    ("en", "English"),
    ("es", "Español"),
    ("fr", "Français"),
    ("it", "Italiano"),
]

_CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.template.context_processors.csp",
    "django.template.context_processors.i18n",
    "django.template.context_processors.tz",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "pilar.ui.context.shell",
]


def templates(base_dir: Path, *, debug: bool = False) -> dict[str, Any]:
    """Return the one entry of `TEMPLATES`.

    Cotton's loader comes first so that `<c-…>` is compiled in every template; it stands inside the cached loader, which
    Django's development server empties when a file changes.
    """
    loaders = [
        "django_cotton.cotton_loader.Loader",
        "django.template.loaders.filesystem.Loader",
        "django.template.loaders.app_directories.Loader",
    ]
    return {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [base_dir / "templates"],
        "OPTIONS": {
            "debug": debug,
            "loaders": [("django.template.loaders.cached.Loader", loaders)],
            "builtins": ["django_cotton.templatetags.cotton", "pilar.ui.templatetags.ui"],
            "context_processors": _CONTEXT_PROCESSORS,
        },
    }
