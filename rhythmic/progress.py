"""Progress of a long run and its remaining time, estimated from measurements alone."""

import contextlib
import errno
import io
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, cast

# Of work: a name, or a sort of work and a name.
Kind = str | tuple[str, str]


def clock(seconds: float) -> str:
    """Write a duration as h:mm:ss, or m:ss below an hour."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


SECONDS_BETWEEN_LINES = 10.0  # that stay
SECONDS_BETWEEN_UPDATES = 0.2  # of a line that is written over


@dataclass
class Progress:
    """Steps left for each kind of work, such as epochs, the seconds of one, and progress lines.

    A kind that has not run yet is taken to be as slow as the slowest one measured, and the
    estimate then says "about". What a run does beside its steps, such as compiling, is of another
    sort: kinds are then pairs of a sort and a name. Where nothing was measured of a sort that has
    steps left, the estimate says "at least".

    Args:
        remaining: steps still to run, by kind of work.
        name: at the beginning of every line, if any.
        quiet: whether to show nothing.
        compiled: seconds of compiling so far, which no step is charged with.
    """

    remaining: dict[Kind, int]
    name: str = ""
    quiet: bool = False
    compiled: Callable[[], float] = float
    seconds: dict[Kind, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start the clock."""
        self._lap = self._stays = self._shown = time.perf_counter()
        self._compiled = self.compiled()

    def lap(self) -> float:
        """Return the seconds since the last lap, or the beginning, without those of compiling."""
        now, compiled = time.perf_counter(), self.compiled()
        seconds = max(now - self._lap - (compiled - self._compiled), 0.0)
        self._lap, self._compiled = now, compiled
        return seconds

    def finished(self, kind: Kind, seconds: float, count: int = 1) -> None:
        """Count steps of ``kind`` that took ``seconds`` each; the newest one weighs a third."""
        self.remaining[kind] -= count
        known = self.seconds.get(kind, seconds)
        self.seconds[kind] = seconds + (known - seconds) * (2 / 3) ** count

    def time_left(self) -> str:
        """Return the time to the end of all work, as text."""
        if not self.seconds:
            return "an unknown time"
        left, word = 0.0, ""
        slowest: dict[Kind, float] = {}
        for kind, seconds in self.seconds.items():
            slowest[_sort(kind)] = max(seconds, slowest.get(_sort(kind), 0.0))
        for kind, number in self.remaining.items():
            if number and _sort(kind) not in slowest:
                word = "at least "
            elif number and kind not in self.seconds:
                word = word or "about "
            left += number * self.seconds.get(kind, slowest.get(_sort(kind), 0.0))
        if word == "at least " and left < 1.0:  # a bound that says nothing
            return "an unknown time"
        return word + clock(left)

    def show(self, *parts: str, warning: str = "", final: bool = False) -> None:
        """Show a line of ``parts``, the time left and a ``warning``, a few times a second at most.

        A ``final`` line stays, and one every ten seconds; the others are written over.
        """
        now = time.perf_counter()
        final = final or now - self._stays > SECONDS_BETWEEN_LINES
        if self.quiet or not (final or now - self._shown > SECONDS_BETWEEN_UPDATES):
            return
        self._shown, self._stays = now, now if final else self._stays
        left = f"{self.time_left()} left" if any(self.remaining.values()) else ""
        line = " | ".join(filter(None, (*parts, left, warning)))
        show(f"{self.name}: {line}" if self.name else line, final=final)


def _sort(kind: Kind) -> Kind:
    """Return the sort of a kind of work; kinds that are no pairs are of one sort."""
    return kind[0] if isinstance(kind, tuple) else ""


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
