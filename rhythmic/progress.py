"""How far a long run is and when it ends, estimated from what was measured and nothing else."""

import sys
from dataclasses import dataclass, field


def clock(seconds: float) -> str:
    """Write a duration as h:mm:ss, or m:ss below an hour."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


@dataclass
class Progress:
    """Epochs left for each kind of work, and the seconds that an epoch of it takes.

    A kind that has not run yet is taken to be as slow as the slowest one measured, and the
    estimate then says "about"; compilation is not counted.

    Args:
        remaining: epochs of a group still to run, by kind of work.
    """

    remaining: dict[str, int]
    seconds: dict[str, float] = field(default_factory=dict)

    def finished(self, kind: str, seconds: float) -> None:
        """Count one epoch of ``kind``; the newest measurement weighs a third."""
        self.remaining[kind] -= 1
        known = self.seconds.get(kind, seconds)
        self.seconds[kind] = known + (seconds - known) / 3

    def time_left(self) -> str:
        """Return the time to the end of all work, as text."""
        if not self.seconds:
            return "an unknown time"
        unknown = any(n and kind not in self.seconds for kind, n in self.remaining.items())
        slowest = max(self.seconds.values())
        left = sum(n * self.seconds.get(kind, slowest) for kind, n in self.remaining.items())
        return f"{'about ' if unknown else ''}{clock(left)}"


def show(line: str, *, final: bool = True) -> None:
    """Write a line of progress; on a terminal a line that is not final is written over later."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{line}" + ("\n" if final else ""))
    elif final:
        sys.stderr.write(line + "\n")
    sys.stderr.flush()
