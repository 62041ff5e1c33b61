"""What a command does when the user interrupts it: one line, and the exit status 130."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import NoReturn

from rhythmic.progress import show

INTERRUPTED = 128 + signal.SIGINT
"""Exit status of a command that the user interrupted, 130 by the convention of shells."""
PACKAGES = ("rhythmic", "experiments")
"""Packages whose modules are commands, ``python -m PACKAGE.MODULE``."""


@contextlib.contextmanager
def stopping(said: str) -> Iterator[None]:
    """Turn an interrupt (Ctrl-C, SIGINT) into one line and the exit status 130.

    Wrap all that a command does: by the time an interrupt comes here, locks are given back and
    files that were not whole are gone. A command in a process of its own ends it right then: the
    usual way down, with XLA still compiling or computing in its threads, may crash. Other hosts of
    a distributed run are not told; they find it gone by its missing heartbeat. Called from
    another program (a test, a notebook) it raises SystemExit and leaves that program alone.

    Args:
        said: the line.

    Raises:
        SystemExit: with status 130, in another program.
    """
    try:
        yield
    except KeyboardInterrupt:
        if is_command():
            with contextlib.suppress(ValueError):  # not the main thread, which alone may ask this
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            show(said)
            leave(INTERRUPTED)
        show(said)
        raise SystemExit(INTERRUPTED) from None


def is_command() -> bool:
    """Tell whether this process was started as ``python -m`` and a module of ``PACKAGES``."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return spec is not None and spec.name.partition(".")[0] in PACKAGES


def leave(status: int) -> NoReturn:
    """End the process with what it has printed, and nothing else."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads it
            stream.flush()
    os._exit(status)
