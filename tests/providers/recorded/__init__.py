"""What the providers really send and answer, by name; the people in it are invented."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def recorded(path: str) -> dict[str, Any]:
    """Return the recordings of one file, `provider/what`."""
    found: dict[str, Any] = json.loads((HERE / f"{path}.json").read_text())
    return found
