"""The engine: claims jobs fairly, runs their handlers, writes what became of them. PostgreSQL is the truth.

`statements` holds the SQL, `results` what may become of a run, `execute` runs one handler, `inline` works in the
calling thread, `coordinator`, `crew` and `pulse` are the parts of a worker process, put together in `process`.
"""

from pilar.backplane.engine.inline import work_off

__all__ = ["work_off"]
