"""How a command begins and ends: streams that hold, and one line where the user stops or errs."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import NoReturn

from rhythmic.progress import printable, show, steady_streams, tell_unwritten

INTERRUPTED = 128 + signal.SIGINT
"""Exit status of a command that the user interrupted, 130 by the convention of shells."""
PACKAGES = ("rhythmic", "experiments", "benchmarks")
"""Packages whose modules are commands, ``python -m PACKAGE.MODULE``."""


@contextlib.contextmanager
def stopping(said: str) -> Iterator[None]:
    """Turn an interrupt (Ctrl-C, SIGINT) into one line and the exit status 130.

    Wrap all that a command does: by the time an interrupt comes here, locks are given back and
    files that were not whole are gone. What a command prints never ends it, see
    ``rhythmic.progress.steady_streams``. A command in a process of its own ends it right then: the
    usual way down, with XLA still compiling or computing in its threads, may crash. Other hosts of
    a distributed run are not notified; they find it gone by its missing heartbeat. Called from
    another program (a test, a notebook) it raises SystemExit and leaves that program alone.

    Args:
        said: the line.

    Raises:
        SystemExit: with status 130, in another program.
    """
    if is_command():
        steady_streams()
    try:
        yield
        tell_unwritten()
    except KeyboardInterrupt:
        if is_command():
            with contextlib.suppress(ValueError):  # not the main thread, which alone may ask this
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            show(said)
            _leave(INTERRUPTED)
        show(said)
        raise SystemExit(INTERRUPTED) from None


def refuse(error: BaseException | str) -> NoReturn:
    """End a command with status 1 and a one-line error that the user can fix."""
    lines = str(error).split("\n")
    raise SystemExit(f"error: {' '.join(printable(line.strip()) for line in lines)}".rstrip())


def is_command() -> bool:
    """Return whether this process was started as ``python -m`` and a module of ``PACKAGES``."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return spec is not None and spec.name.partition(".")[0] in PACKAGES


def _leave(status: int) -> NoReturn:
    """End the process with what it has printed, and nothing else."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads it
            stream.flush()
    os._exit(status)
