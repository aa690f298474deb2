"""Which of the suite's two processes runs what: a file stays together, and so do all that share an installation.

pytest-xdist's own groups are without effect under pytest 9 (it renames items by an attribute that is gone), and nothing says so.
"""

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

ON_AN_INSTALLATION = ("tests/browser/", "tests/e2e/")
FIRST = (
    ON_AN_INSTALLATION[0],
    "tests/ui/test_browser.py",
    "tests/backplane/test_worker.py",
    "tests/provisioning/test_pipeline.py",
)


class Together(LoadScopeScheduling):
    """Hands out files. The long ones go first, or one process would wait for the other at the end."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return ON_AN_INSTALLATION[0] if path.startswith(ON_AN_INSTALLATION) else path

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=self._place), last=False)
        super()._assign_work_unit(node)

    def _place(self, unit: str) -> tuple[int, int]:
        return (FIRST.index(unit) if unit in FIRST else len(FIRST), -len(self.workqueue[unit]))
