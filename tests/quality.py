"""Measures the source against the house rules: `python -m tests.quality` prints one line a figure."""

import ast
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.guards.test_source import ROOT, SOURCES

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(file: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, Function):
            yield node


def is_typed(function: Function) -> bool:
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    own = [argument for argument in given if argument.arg not in {"self", "cls"}]
    return function.returns is not None and all(argument.annotation for argument in own)


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def percentile(values: list[int], share: float) -> int:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    lines = [len(file.read_text().splitlines()) for file in SOURCES]
    ours = [function for file in SOURCES for function in functions(file)]
    tests = [f for file in (ROOT / "tests").rglob("test_*.py") for f in functions(file) if f.name.startswith("test_")]
    handlers = [
        n for file in SOURCES for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.ExceptHandler)
    ]
    broad = [
        h for h in handlers if h.type is None or (isinstance(h.type, ast.Name) and h.type.id.endswith("Exception"))
    ]
    broad = [h for h in broad if h.type is None or getattr(h.type, "id", "") in {"Exception", "BaseException"}]
    floors = subprocess.run(["lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    lengths = [length(function) for function in ours]
    typed = sum(map(is_typed, ours)) / len(ours)
    figures = {
        "import contracts broken": floors.stdout.count("BROKEN"),
        "modules": len(lines),
        "lines, p95 / max of a module": f"{percentile(lines, 0.95)} / {max(lines)}",
        "functions": len(ours),
        "functions fully typed": f"{typed:.1%}",
        "lines, median / p95 of a function": f"{statistics.median(lengths):.0f} / {percentile(lengths, 0.95)}",
        "broad excepts": f"{len(broad)} of {len(handlers)}",
        "tests": len(tests),
        "lines, median of a test": f"{statistics.median(map(length, tests)):.0f}",
    }
    for name, value in figures.items():
        print(f"{name:36} {value}")


if __name__ == "__main__":
    main()
