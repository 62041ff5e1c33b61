"""Train the members that conditions ask for and that no one has finished yet."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from experiments.folders import remove_unfinished, watching
from experiments.members.condition import Condition
from experiments.members.plans import num_groups, record_plans, work_left
from experiments.members.programs import by_program, num_members
from experiments.members.store import MemberStore
from experiments.members.worker import Run, Tally, Worker
from rhythmic.progress import Progress
from rhythmic.records import Row

REMEDY = "give a smaller batch size"

CHECKPOINT = re.compile(r"[0-9a-f]{16}\.eqx")  # name of a checkpoint
BEGINNING = re.compile(rb"[0-9a-f]{64}\n")  # its hash


def train_members(
    store: MemberStore,
    conditions: Sequence[Condition],
    folder: Path,
    *,
    members_per_device: int | None = None,
    remedy: str = REMEDY,
    after_epoch: Callable[[], None] | None = None,
) -> dict[str, list[Row]]:
    """Tune where there is a choice, then train and test; return each condition's rows by label.

    Everything that is finished already is taken as it is. Conditions of one program train in the
    same groups. A run that was killed goes on after the last finished epoch of its group.

    Args:
        store: what is finished, and where it is written.
        conditions: what is wanted.
        folder: the run folder: checkpoints, shapes of groups, timings.
        members_per_device: members side by side on a device at most; by default what pays.
        remedy: what a user can do where one member on each device is too many.
        after_epoch: called after every epoch of a group, when its checkpoint is written; what it
            raises ends the run there.

    Raises:
        ValueError: for two conditions of one label.
        MemoryError: in one line, if one member on each device is too many.
        FolderGoneError: if the run folder is removed or replaced meanwhile.
    """
    if len({condition.label for condition in conditions}) < len(conditions):
        raise ValueError("conditions hold a label twice; labels must differ")
    store.check()  # before watching makes the folder
    with watching(folder.absolute()) as check:
        train_missing(
            store, conditions, folder.absolute(), members_per_device, remedy, after_epoch, check
        )
    return {condition.label: store.results(condition) for condition in conditions}


def train_missing(
    store: MemberStore,
    conditions: Sequence[Condition],
    folder: Path,
    members_per_device: int | None,
    remedy: str,
    after_epoch: Callable[[], None] | None,
    check: Callable[[], None],
) -> None:
    """Train what is missing, program by program; ``check`` raises where the folder is gone."""
    work = work_left(store, conditions, folder, members_per_device)
    record_plans(folder, {one.program.label: one.plan for one in work})
    epochs = {
        one.program.name: one.num_groups * one.program.condition.training.epochs for one in work
    }
    starts = {one.program.name: 1 for one in work}
    tests = {one.program.name: num_groups(one.missing[1:], one.plan) for one in work}
    total = sum(num_members(store, program) for program in by_program(conditions)) if work else 0
    tally = Tally(total - sum(sum(one.missing) for one in work), total)
    progress = Progress(epochs), Progress(starts), Progress(tests)
    run = Run(store, folder, *progress, tally, remedy, after_epoch, check)
    waiting = []
    for one in work:
        worker = Worker(run, one.program, one.plan)
        worker.train(one.program.choices)
        if any(condition.tuned_on for condition in one.program.conditions):
            waiting.append(worker)  # for settings that may be chosen on programs further down
        else:
            worker.train(one.program.tested(store))
    while waiting:
        # A worker that is done gives its memory back.
        worker = waiting.pop(0)
        worker.train(worker.program.tested(store))


def drop_checkpoints(folder: Path) -> None:
    """Remove what is left when all members of a run folder are finished.

    That belongs to groups which were finished or planned otherwise meanwhile. A file that is not
    named and does not begin as a checkpoint stays, and so does a link.
    """
    checkpoints = folder / "checkpoints"
    if checkpoints.is_symlink():
        return
    remove_unfinished(checkpoints, CHECKPOINT.fullmatch)
    for path in checkpoints.glob("*.eqx"):
        if CHECKPOINT.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                ours = BEGINNING.fullmatch(file.read(65))
            if ours:
                path.unlink()
