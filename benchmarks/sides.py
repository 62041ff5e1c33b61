"""This project and torch in a process each, and the proof that all compute the same."""

from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks import equinox_step, harness, project_step
from benchmarks.problem import LARGE, Differences, Problem
from rhythmic.records import Row

# All in float64: they differ by rounding, which near-critical nodes amplify a little.
TOLERANCE = 1e-8
SCAN = "rhythmic, plain scan"


@dataclass(frozen=True)
class Sides:
    """The two processes; torch's is absent if nobody asked for it."""

    project: harness.Side
    torch: harness.Side | None

    @classmethod
    def start(
        cls,
        stack: ExitStack,
        *,
        num_devices: int = 1,
        pinned: bool = True,
        torch: bool = True,
        torch_threads: int | None = None,
    ) -> "Sides":
        """Start both; they end with ``stack``."""
        project = harness.Side(stack, harness.use_devices, num_devices, pinned)
        if not torch:
            return cls(project, None)
        from benchmarks import torch_step

        return cls(project, harness.Side(stack, torch_step.set_threads, torch_threads))


def check_same(sides: Sides, problem: Problem, *, plain: bool) -> dict[str, Row]:
    """Return how far each rival's loss and gradient are from this project's.

    Args:
        sides: where torch is absent, its rivals are left out.
        problem: network and batch.
        plain: whether the plain scans, of this project and of Equinox, are rivals.

    Raises:
        ValueError: if one is further than rounding, since its time would mean nothing.
    """
    found: dict[str, Differences] = {}
    if plain or sides.torch is not None:
        reference = sides.project.ask(project_step.reference, problem)
    if sides.torch is not None:
        from benchmarks import torch_models, torch_step

        for rival in torch_models.MAKERS[problem.model]:
            found[rival] = sides.torch.ask(torch_step.differences, problem, rival, reference)
    if plain:
        asked = (problem, reference)
        if problem.model != LARGE:  # which has no other path
            found[SCAN] = sides.project.ask(project_step.scan_differences, *asked)
        found[equinox_step.NAME] = sides.project.ask(equinox_step.differences, *asked)
    for rival, (loss, gradient) in found.items():
        if not (loss <= TOLERANCE and gradient <= TOLERANCE):
            raise ValueError(
                f"{problem.model} and {rival} differ by {loss:.1e} in loss and {gradient:.1e} in "
                f"gradient, allowed is {TOLERANCE:.0e}; not timed"
            )
    return {
        rival: {"loss_difference": loss, "gradient_difference": gradient}
        for rival, (loss, gradient) in found.items()
    }
