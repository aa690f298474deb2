"""Icons from the Lucide sprite in `static/vendor/lucide`; only the listed ones are shipped."""

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

NAMES = frozenset(
    {
        "activity", "arrow-left", "arrow-right", "badge-euro", "ban", "bell", "bot", "building-2",
        "calendar-clock", "check", "check-check", "chevron-down", "chevron-right", "chevrons-up-down",
        "circle-alert", "circle-check", "circle-dashed", "circle-help", "circle-play", "circle-x", "clock",
        "command", "copy", "credit-card", "download", "ellipsis", "external-link", "eye", "file-text", "gauge",
        "globe", "hand", "heart-pulse", "history", "hourglass", "house", "info", "key-round", "keyboard",
        "languages", "layout-grid", "link", "list-checks", "loader-circle", "lock", "log-out", "mail",
        "message-circle", "messages-square", "monitor", "moon", "panel-left", "pause", "phone", "play", "plug",
        "plus", "qr-code", "refresh-cw", "rocket", "search", "send", "settings", "shield-check", "sparkles", "sun",
        "trash-2", "trending-up", "triangle-alert", "undo-2", "upload", "user", "user-plus", "users",
        "wifi-off", "wrench", "x", "zap",
    }
)  # fmt: skip


def icon(name: str, size: str = "") -> SafeString:
    """Return the icon as decoration (hidden from screen readers); ValueError for one that is not shipped."""
    if name not in NAMES:
        raise ValueError(f"icon {name} is not in the sprite")
    classes = f"icon icon-{size}" if size else "icon"
    sprite = static("vendor/lucide/sprite.svg")
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', classes, sprite, name)
