"""What a comparison would take, before it is run: networks, runs, updates, memory, time."""

from collections.abc import Callable
from typing import NamedTuple

import jax

from rhythmic.compare.search import prepared
from rhythmic.compare.work import Work
from rhythmic.networks.spec import NetworkSpec
from rhythmic.training.estimate import estimate_group, first_members, seconds_per_update
from rhythmic.training.recorded import pool_of
from rhythmic.training.runs import Runs


class ConditionEstimate(NamedTuple):
    """What the runs of one network, or of all ladders, would take.

    Attributes:
        title: of the network.
        hidden_size: nodes.
        num_parameters: trained parameters.
        num_runs: trainings: runs times settings, times ladders.
        num_updates: of each training.
        memory: bytes of a group of runs, as the compiler says.
        seconds: of all trainings, from measured updates, with one compilation.
    """

    title: str
    hidden_size: int
    num_parameters: int
    num_runs: int
    num_updates: int
    memory: int
    seconds: float


def estimated(
    work: Work, tell: Callable[[str], None] = lambda line: None
) -> list[ConditionEstimate]:
    """Compile every network, time some updates of it, and reckon what all of them would take.

    Args:
        work: what is to be computed; nothing of it is.
        tell: called with one line before each network.
    """
    size = len(work.ladders["log"])
    ladders = NetworkSpec("rrn", size, pooling=work.specs["rrn"].pooling, name="ladders")
    asked = [(spec, work.plan.budget, 1) for spec in work.specs.values()]
    asked.append((ladders, work.plan.ladder_budget, len(work.ladders)))
    found = []
    for place, (spec, budget, times) in enumerate(asked):
        tell(f"compiling and timing {spec.name}, {place + 1} of {len(asked)}")
        found.append(_of(work, spec, budget, times))
    return found


def _of(work: Work, spec: NetworkSpec, budget: int, times: int) -> ConditionEstimate:
    """Return the estimate of one network."""
    settings = work.plan.settings(budget)
    training, members = prepared(spec, work.recordings, work.divisions, settings, work.recipe)
    devices = jax.local_device_count()
    runs = Runs(training, pool_of(work.recordings), members, devices, quiet=True)
    first = first_members(members, runs.groups.plan.size)
    needed = estimate_group(runs.group, first)
    seconds = seconds_per_update(runs.group, first)
    updates = work.recipe.num_steps(members.train.shape[1])
    count = len(members.seed) * times
    groups = -(-count // runs.groups.plan.size)
    sizes = work.recordings.num_channels, work.recordings.num_outputs
    return ConditionEstimate(
        spec.name,
        spec.hidden_size,
        spec.num_parameters(*sizes),
        count,
        updates,
        needed.memory,
        needed.compile_seconds + groups * updates * seconds,
    )
