"""The one way to run code that may raise anything: another room's, or a library's whose errors nobody lists."""

from collections.abc import Callable


def shielded[T, U](run: Callable[[], T], otherwise: Callable[[Exception], U]) -> T | U:
    """Return what `run` returns, or what `otherwise` makes of its error; `otherwise` may raise an error of ours instead."""
    try:
        return run()
    except Exception as error:  # noqa: BLE001 - that is what it is for; callers say in `otherwise` what follows
        return otherwise(error)
