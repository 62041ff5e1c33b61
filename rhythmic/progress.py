"""How far a long run is and when it ends, estimated from what was measured and nothing else."""

import contextlib
import errno
import io
import os
import sys
from dataclasses import dataclass, field
from typing import BinaryIO, cast


def clock(seconds: float) -> str:
    """Write a duration as h:mm:ss, or m:ss below an hour."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


@dataclass
class Progress:
    """Steps left for each kind of work, such as epochs, and the seconds that a step of it takes.

    A kind that has not run yet is taken to be as slow as the slowest one measured, and the
    estimate then says "about". What else a run does beside its steps, such as compiling, is a
    progress of its own, see ``time_left``.

    Args:
        remaining: steps still to run, by kind of work.
    """

    remaining: dict[str, int]
    seconds: dict[str, float] = field(default_factory=dict)

    def finished(self, kind: str, seconds: float) -> None:
        """Count one step of ``kind``; the newest measurement weighs a third."""
        self.remaining[kind] -= 1
        known = self.seconds.get(kind, seconds)
        self.seconds[kind] = known + (seconds - known) / 3

    def seconds_left(self) -> float:
        """Return the seconds to the end of this work, 0 where nothing was measured."""
        slowest = max(self.seconds.values(), default=0.0)
        return sum(n * self.seconds.get(kind, slowest) for kind, n in self.remaining.items())

    def time_left(self, *beside: "Progress") -> str:
        """Return the time to the end of all work, as text.

        Args:
            beside: what the same run does beside these steps. Where some of it is still to do and
                none was measured, the estimate says "at least".
        """
        if not self.seconds:
            return "an unknown time"
        every = (self, *beside)
        left = clock(sum(one.seconds_left() for one in every))
        if any(not one.seconds and any(one.remaining.values()) for one in every):
            return f"at least {left}"
        unknown = any(
            n and kind not in one.seconds for one in every for kind, n in one.remaining.items()
        )
        return f"{'about ' if unknown else ''}{left}"


def printable(text: str) -> str:
    """Return text in which all that a terminal would obey, line breaks too, is written out.

    Names of files, folders and rows may be a stranger's: with a raw escape sequence in them they
    would move the cursor, hide text or change the window's title.
    """
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def show(line: str, *, final: bool = True) -> None:
    """Write a line of progress; on a terminal a line that is not final is written over later.

    Where standard error is closed, full or read by nobody, the line is lost and nothing else is.
    """
    stream, line = sys.stderr, printable(line)
    if stream is None:
        return
    with contextlib.suppress(OSError, ValueError):
        if stream.isatty():
            stream.write(f"\r\033[K{line}" + ("\n" if final else ""))
        elif final:
            stream.write(line + "\n")
        stream.flush()


class _Lasting(io.BufferedIOBase):
    """Bytes to a file descriptor, of which those that cannot be written are lost in silence."""

    def __init__(self, handle: int):
        self.handle = handle
        self.error: OSError | None = None  # of the first bytes that were lost

    def write(self, data: bytes) -> int:  # type: ignore[override]
        left = memoryview(data).cast("B")
        size = len(left)
        try:
            while left:
                left = left[os.write(self.handle, left) :]
        except OSError as error:
            self.error = self.error or error
        return size

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.handle

    def isatty(self) -> bool:
        return os.isatty(self.handle)


def steady_streams() -> None:
    """Make sure that nothing a command prints can end it: the start of every command.

    Characters that the terminal's encoding lacks are printed as "?"; what a full disk, a closed
    stream or a pipe without a reader does not take is lost. Descriptors that were closed are
    opened to nowhere, or the next file opened would take the place of standard error, and
    receive what libraries write there.
    """
    for handle in range(3):
        try:
            os.fstat(handle)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for name, handle in (("stdout", 1), ("stderr", 2)):
        old = getattr(sys, name)
        encoding = getattr(old, "encoding", None) or "utf-8"
        with contextlib.suppress(OSError, ValueError, AttributeError):
            old.flush()
        lines = handle == 2 or os.isatty(handle)
        lasting = cast(BinaryIO, _Lasting(handle))
        setattr(sys, name, io.TextIOWrapper(lasting, encoding, "replace", line_buffering=lines))


def tell_unwritten() -> None:
    """Say on standard error if standard output, made by ``steady_streams``, was not all written."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    error = getattr(getattr(sys.stdout, "buffer", None), "error", None)
    if error is not None and error.errno != errno.EPIPE:
        show(f"standard output could not be written ({error.strerror}) and is incomplete")
