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


def show(line: str, *, final: bool = True) -> None:
    """Write a line of progress; on a terminal a line that is not final is written over later."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{line}" + ("\n" if final else ""))
    elif final:
        sys.stderr.write(line + "\n")
    sys.stderr.flush()
