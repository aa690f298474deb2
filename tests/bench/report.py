"""What was measured, how it compares, and on which machine."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any


@dataclass
class Figure:
    """One thing measured, several times. `bar` is the value to reach; `at_most` says that less is better."""

    name: str
    runs: Sequence[float]
    unit: str
    bar: float | None = None
    at_most: bool = False
    note: str = ""
    beside: dict[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float:
        return median(self.runs)

    @property
    def is_met(self) -> bool | None:
        """Whether the bar is reached; None without one."""
        if self.bar is None:
            return None
        return self.value <= self.bar if self.at_most else self.value >= self.bar

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "median": self.value,
            "runs": list(self.runs),
            "unit": self.unit,
            "bar": self.bar,
            "met": self.is_met,
            "beside": self.beside,
            "note": self.note,
        }


class Report:
    """Collects figures and says each one as soon as it is known."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self.machine = _machine()

    def add(self, *figures: Figure) -> None:
        for figure in figures:
            self.figures.append(figure)
            sys.stdout.write(f"{_line(figure)}\n")
            sys.stdout.flush()

    def say(self, text: str) -> None:
        sys.stdout.write(f"\n{text}  (load {os.getloadavg()[0]:.1f})\n")
        sys.stdout.flush()

    def find(self, name: str) -> Figure | None:
        return next((figure for figure in self.figures if figure.name == name), None)

    def compare(self, name: str, others: Mapping[str, str]) -> None:
        """Set the figure beside others of this run (label and name), as ratios; what was not measured is left out."""
        ours = self.find(name)
        for label, other in others.items():
            theirs = self.find(other)
            if ours and theirs and theirs.value:
                ours.beside[label] = round(ours.value / theirs.value, 3)

    def ratio(self, name: str, other: str, *, bar: float) -> None:
        """Add how many times the other figure of this run this one is, where both were measured."""
        ours, theirs = self.find(name), self.find(other)
        if ours and theirs and theirs.value:
            self.add(
                Figure(f"no-op drain against {other.partition(':')[0]}", [ours.value / theirs.value], "x", bar=bar)
            )

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.machine["load_at_end"] = os.getloadavg()[0]
        content = {"machine": self.machine, "figures": [figure.as_json() for figure in self.figures]}
        path.write_text(json.dumps(content, indent=1) + "\n")

    def table(self) -> str:
        lines = [
            "",
            " ".join(f"{name}: {value};" for name, value in self.machine.items()),
            "",
            f"{'figure':<66}{'median':>10}  {'unit':<7}{'lowest':>10}{'highest':>10}{'bar':>12}  {'':<7} beside",
        ]
        return "\n".join(lines + [_line(figure) for figure in self.figures]) + "\n"


def _line(figure: Figure) -> str:
    bar = "" if figure.bar is None else f"{'<=' if figure.at_most else '>='} {_number(figure.bar)}"
    verdict = {None: "", True: "met", False: "MISSED"}[figure.is_met]
    beside = ", ".join(f"{ratio:g} x {label}" for label, ratio in figure.beside.items())
    text = f"{figure.name:<66}{_number(figure.value):>10}  {figure.unit:<7}{_number(min(figure.runs)):>10}"
    text += f"{_number(max(figure.runs)):>10}{bar:>12}  {verdict:<7} {beside}"
    return text + (f" [{figure.note}]" if figure.note else "")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(memory, 1),
        "python": platform.python_version(),
        "load_at_start": os.getloadavg()[0],
        "clock": time.tzname[0],
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
