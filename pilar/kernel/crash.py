"""Named crash points (reliability T3): drills end the process exactly between two lines.

Inert unless `PILAR_CRASH_AT` names a point, e.g. `effect.after_call` or `effect.after_call:3` (the third pass).
"""

import os
import signal

_armed, _, _pass = os.environ.get("PILAR_CRASH_AT", "").partition(":")
_remaining = int(_pass or 1)


def crash_point(name: str) -> None:
    """Kill this process without notice if the drill asked for it here."""
    global _remaining
    if name != _armed:
        return
    _remaining -= 1
    if _remaining == 0:
        os.kill(os.getpid(), signal.SIGKILL)
