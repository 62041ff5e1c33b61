"""The networks that a configuration names, and the store of those that are finished."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from experiments.members.condition import KEPT, Condition, Pool, Wanted
from experiments.members.identity import recipe_identity
from experiments.members.store import MemberStore, tuning
from experiments.members.train import drop_checkpoints, train_members
from experiments.mnist.configuration import MnistConfiguration
from rhythmic.data import Digits, split
from rhythmic.data.dataset import NUM_PIXELS
from rhythmic.records import Row, fingerprint
from rhythmic.runs.rows import read_named
from rhythmic.training import Data

REMEDY = "give fewer --devices, a smaller --batch-size or a smaller --evaluation-batch-size"


def conditions_of(configuration: MnistConfiguration, digits: Digits) -> dict[str, Condition]:
    """Return what is compared, by the name of the architecture."""
    pool = Pool(
        digits.name, digits.sha256, Data(digits.images, digits.labels), partial(split, digits)
    )
    known = configuration.known_architectures()
    found = {}
    for name in configuration.architectures:
        settings = tuple(configuration.settings(name))
        found[name] = Condition(
            name,
            known[name],
            configuration.training,
            pool,
            settings,
            configuration.seeds,
            configuration.tuning_seeds if len(settings) > 1 else (),
            also_kept=KEPT,
        )
    return found


class MnistStore(MemberStore):
    """Finished members of the comparison on digits: rows of its own form, and none of others.

    Its rows are older than those of other experiments: they name the configuration, hold what
    tables and figures are drawn from, and are not known by it. Rows of others would lack it.
    """

    def __init__(
        self,
        configuration: MnistConfiguration,
        digits: Digits,
        run_file: Path,
        *,
        read_only: bool = False,
        check: Callable[[], None] = lambda: None,
    ):
        """Read what is finished of what a configuration wants; files as in ``MemberStore``."""
        super().__init__(
            run_file, configuration.results, neighbours=False, read_only=read_only, check=check
        )
        self.configuration, self.digits = configuration, digits
        self.conditions = conditions_of(configuration, digits)

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows of newly finished members into both files, in the form of these files."""
        super().add(self.as_filed(row) for row in rows)

    def as_filed(self, row: Row) -> Row:
        """Return a row as this experiment keeps it."""
        condition, configuration = self.conditions[row["label"]], self.configuration
        known = {
            "member": row["member"],
            "configuration": fingerprint(condition.identity()),
            "dataset": row["dataset"],
            **recipe_identity(condition.training),
            "data": self.digits.sha256,
            "diagonal": configuration.diagonal,
            "sample_rate": configuration.sample_rate,
            "pole_radius": configuration.pole_radius,
        }
        found = {"test_accuracy": None, "seconds_last_sitting": row["seconds"]} | row
        return known | {k: v for k, v in found.items() if k not in ("label", "seconds")}


def digits_of(configuration: MnistConfiguration, run_file: Path) -> Digits:
    """Return the digits that a run's rows name, by their hash alone: for rows, not for training."""
    rows = read_named(run_file, lambda line: None).values()
    hashes = Counter(row["data"] for row in rows if isinstance(row.get("data"), str))
    known = hashes.most_common(1)[0][0] if hashes else ""
    nothing = np.zeros(0, np.uint8)
    return Digits(configuration.dataset, nothing.reshape(0, NUM_PIXELS), nothing, known)


def wanted_members(store: MnistStore) -> list[Wanted]:
    """Return every member that can be named by now: to be tuned, then to be tested."""
    found = []
    for condition in store.conditions.values():
        choices = tuning(condition)
        found += choices
        if not store.missing(choices):
            found += store.tested(condition)
    return found


def tabled(store: MnistStore) -> dict[str, list[Row]]:
    """Return the rows of the table by architecture, in the order of the seeds.

    They are those of the members that the configuration asks for, at the settings that are chosen:
    no others that the files hold, such as those of another version of the training.
    """
    found: dict[str, list[Row]] = {}
    for wanted in wanted_members(store):
        if wanted.tested and (row := store.find(wanted)) is not None:
            found.setdefault(wanted.condition.label, []).append(row)
    return {name: sorted(rows, key=lambda row: row["seed"]) for name, rows in found.items()}


def train_all(
    store: MnistStore, folder: Path, after_epoch: Callable[[], None] | None = None
) -> list[Row]:
    """Tune where there is a choice, then train the table; return the rows of both.

    Everything that is finished already is taken as it is.

    Args:
        store: what is wanted, and what of it is finished.
        folder: the run folder.
        after_epoch: as in ``train_members``.
    """
    conditions = list(store.conditions.values())
    train_members(
        store,
        conditions,
        folder,
        members_per_device=store.configuration.members_per_device,
        remedy=REMEDY,
        after_epoch=after_epoch,
    )
    drop_checkpoints(folder)
    return [store.rows[member.name()] for member in wanted_members(store)]
