"""What a network is trained for: the sizes and the kind of the data, known before any program."""

from dataclasses import dataclass
from typing import Self

from rhythmic.arguments import checked
from rhythmic.checks import checked_choice, checked_integer, checked_real
from rhythmic.data import Recordings
from rhythmic.data.recordings import TargetKind
from rhythmic.tasks import AbstractTask


@checked
@dataclass(frozen=True)
class Problem:
    """The sizes of the examples, and what their targets are.

    Args:
        num_outputs: classes, or numbers.
        input_size: channels of a sample.
        kind: of the targets: ``class``, ``value``, ``class_per_step`` or ``value_per_step``.
        sample_rate: Fs in Hz.
        duration: of the longest example in s, where ladders should follow from it.
        standardised: whether inputs, and targets that are numbers, are standardised by each
            member's own training examples.
    """

    num_outputs: int = 10
    input_size: int = 1
    kind: TargetKind = "class"
    sample_rate: float = 1000.0
    duration: float | None = None
    standardised: bool = False

    def __post_init__(self) -> None:
        for name in ("num_outputs", "input_size"):
            object.__setattr__(self, name, checked_integer(name, getattr(self, name), 1))
        checked_choice("kind", self.kind, TargetKind)
        checked_real("sample_rate", self.sample_rate, above=0.0)

    @classmethod
    def of(cls, source: Recordings | AbstractTask, *, standardised: bool = True) -> Self:
        """Return the sizes and the kind of recordings, or of a task.

        A task's sequences have the sample rate that it names, if any, and are never standardised.

        Args:
            source: of the examples.
            standardised: as in the class, for recordings.
        """
        if isinstance(source, AbstractTask):
            kind: TargetKind = "class_per_step" if source.kind == "classes" else "value_per_step"
            rate = getattr(source, "sample_rate", cls.sample_rate)
            return cls(source.num_outputs, source.input_size, kind, rate)
        duration = float(source.lengths.max()) / source.sample_rate
        return cls(
            source.num_outputs,
            source.num_channels,
            source.kind,
            source.sample_rate,
            duration,
            standardised,
        )

    @property
    def is_class(self) -> bool:
        """Return whether targets are classes."""
        return self.kind.startswith("class")

    @property
    def per_step(self) -> bool:
        """Return whether there is a target at every step."""
        return self.kind.endswith("_per_step")
