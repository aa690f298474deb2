"""What Prometheus sees of the queue.

Workers open no port: they add their counts to the database (`engine.tally`), and whichever web process is scraped tells
those of all workers together. So scrape one web process of an installation, or take `max` over them, not `sum`.
"""

import logging
from collections.abc import Iterable, Iterator

from django.db import Error
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from pilar.backplane import sql
from pilar.backplane.engine.tally import BUCKETS
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel.switchboard import LANES

logger = logging.getLogger(__name__)

OUTCOMES = ("done", "retried", "deferred", "dead")

_FIGURES = """
SELECT lane, pending, due, running, dead, suspect,
  coalesce(extract(epoch FROM statement_timestamp() - oldest_due_at), 0)::float8,
  extract(epoch FROM statement_timestamp() - taken_at)::float8
FROM autopilot_lane_figures
"""
_PROCESSES = "SELECT kind, count(*) FROM autopilot_worker WHERE lost_at IS NULL GROUP BY kind"

GAUGES = (
    ("pilar_queue_depth", "Jobs that are not finished and not dead, those of later included"),
    ("pilar_queue_due", "Jobs that are due and wait for a worker"),
    ("pilar_queue_running", "Jobs in the hands of workers"),
    ("pilar_queue_dead", "Jobs that gave up and wait for a person"),
    ("pilar_queue_suspects", "Jobs that wait to be run alone because workers died with them"),
    ("pilar_queue_oldest_due_seconds", "How long the oldest due job has waited"),
    ("pilar_queue_snapshot_age_seconds", "How old these figures are; they are counted every ten seconds"),
)


class QueueCollector(Collector):
    """Reads two small tables at each scrape, never the queue itself. While the database is away it tells nothing."""

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        try:
            with all_tenants("figures of the lanes, all studios together"), atomic():
                figures, totals, processes = sql.rows(_FIGURES), _totals(), sql.rows(_PROCESSES)
        except Error as error:
            logger.warning("no figures of the queue: %s", error)
            return
        yield from _gauges(figures)
        yield from _counters(totals)
        yield from _schedule(totals)
        yield _histogram(totals, "run", "pilar_queue_run_seconds", "How long handlers ran")
        yield _histogram(totals, "wait", "pilar_queue_wait_seconds", "From due to claimed for the first time")
        workers = GaugeMetricFamily("pilar_queue_processes", "Living worker and beat processes", labels=["kind"])
        for kind, count in processes:
            workers.add_metric([kind], count)
        yield workers


def _schedule(totals: dict[tuple[str, str], float]) -> Iterator[Metric]:
    for name, text, key in (
        ("pilar_schedule_slots", "Slots of schedules made by a beat that had made the one before", "slots"),
        ("pilar_schedule_late_seconds", "How long after their time these were made, in all", "slots_late_seconds"),
    ):
        family = CounterMetricFamily(name, text)
        family.add_metric([], sum(total for (_lane, known), total in totals.items() if known == key))
        yield family


def _totals() -> dict[tuple[str, str], float]:
    found = sql.rows("SELECT lane, name, total FROM autopilot_lane_count")
    return {(LANES[lane], name): total for lane, name, total in found}


def _gauges(figures: list[tuple[float, ...]]) -> Iterator[Metric]:
    for column, (name, text) in enumerate(GAUGES, start=1):
        family = GaugeMetricFamily(name, text, labels=["lane"])
        for row in figures:
            family.add_metric([LANES[int(row[0])]], float(row[column]))
        yield family


def _counters(totals: dict[tuple[str, str], float]) -> Iterator[Metric]:
    claims = CounterMetricFamily("pilar_queue_claims", "Jobs that workers took", labels=["lane"])
    runs = CounterMetricFamily("pilar_queue_runs", "Runs by what became of them", labels=["lane", "outcome"])
    for lane in LANES:
        claims.add_metric([lane], totals.get((lane, "claimed"), 0))
        for outcome in OUTCOMES:
            runs.add_metric([lane, outcome], totals.get((lane, outcome), 0))
    return iter((claims, runs))


def _histogram(totals: dict[tuple[str, str], float], what: str, name: str, text: str) -> Metric:
    family = HistogramMetricFamily(name, text, labels=["lane"])
    for lane in LANES:
        count, buckets = 0.0, []
        for bound in BUCKETS:
            count += totals.get((lane, f"{what}_le_{bound:g}"), 0)
            buckets.append(("+Inf" if bound == BUCKETS[-1] else f"{bound:g}", count))
        family.add_metric([lane], buckets, sum_value=totals.get((lane, f"{what}_seconds"), 0.0))
    return family
