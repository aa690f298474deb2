"""Measures the queue as it is used, beside what it is compared with: `make bench` (docs/benchmarks.md)."""
