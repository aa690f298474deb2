"""Which of the suite's two processes runs what: a file stays together, and so does a folder that shares an installation.

pytest-xdist's own groups are without effect under pytest 9 (it renames items by an attribute that is gone), and nothing says so.
"""

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

BROWSER, WHOLE = "tests/browser", "tests/e2e"
"""Folders whose tests share an installation each: together they would take longer than all other tests."""
FIRST = (
    BROWSER,
    "tests/ui/test_browser.py",
    "tests/backplane/test_worker.py",
    "tests/provisioning/test_pipeline.py",
    WHOLE,
)


class Together(LoadScopeScheduling):
    """Hands out files. The long ones go first, or one process would wait for the other at the end."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return next((folder for folder in (BROWSER, WHOLE) if path.startswith(f"{folder}/")), path)

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=self._place), last=False)
        super()._assign_work_unit(node)

    def _place(self, unit: str) -> tuple[int, int]:
        return (FIRST.index(unit) if unit in FIRST else len(FIRST), -len(self.workqueue[unit]))
