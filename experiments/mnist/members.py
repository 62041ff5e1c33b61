"""The networks that a configuration names, and the store of those that are finished."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.compare.trained_features import trained_network
from experiments.folders import read_kept, write_kept
from experiments.members.condition import KEPT, Condition, Pool
from experiments.members.identity import recipe_identity
from experiments.members.store import MemberStore, tuning
from experiments.members.train import drop_checkpoints, train_members
from experiments.mnist.configuration import MnistConfiguration
from rhythmic.data import Digits, split
from rhythmic.data.dataset import NUM_PIXELS
from rhythmic.records import Row, fingerprint
from rhythmic.sealed import DamagedFileError
from rhythmic.simulate import trajectory
from rhythmic.training import Data
from rhythmic.training.batches import sequences

EXAMPLE = "example.json"  # one trained resonant network driven by one test digit
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


def train_all(
    store: MnistStore, folder: Path, after_epoch: Callable[[], None] | None = None
) -> dict[str, list[Row]]:
    """Tune where there is a choice, then train the table; return its rows by architecture.

    Everything that is finished already is taken as it is; ``after_epoch`` as in ``train_members``.
    """
    rows = train_members(
        store,
        list(store.conditions.values()),
        folder,
        members_per_device=store.configuration.members_per_device,
        remedy=REMEDY,
        after_epoch=after_epoch,
    )
    drop_checkpoints(folder)
    return rows


class Finished(NamedTuple):
    """What a run folder holds of the networks that are asked for, and of no others.

    Others are those of another version of the training, say.

    Attributes:
        rows: those to choose settings on, then those of the table, in its order.
        tested: the rows of the table by architecture, in the order of the seeds.
        missing: how many are not finished, of those that can be named by now.
    """

    rows: list[Row]
    tested: dict[str, list[Row]]
    missing: int


def finished(configuration: MnistConfiguration, store: MemberStore) -> Finished:
    """Return what is finished of the networks that a configuration names.

    Raises:
        DamagedFileError: in one line, where networks are missing and rows of the file are damaged.
    """
    rows: list[Row] = []
    tested: dict[str, list[Row]] = {}
    missing = 0
    for name, condition in conditions_of(configuration, _digits_of(configuration, store)).items():
        choices = tuning(condition)
        wanted = choices + ([] if store.missing(choices) else store.tested(condition))
        found = [(one.tested, row) for one in wanted if (row := store.find(one)) is not None]
        missing += len(wanted) - len(found)
        rows += [row for _, row in found]
        if own := [row for is_tested, row in found if is_tested]:
            tested[name] = sorted(own, key=lambda row: row["seed"])
    if missing and store.damages:
        raise DamagedFileError(
            f"{store.run_file} is damaged, and {missing} of {missing + len(rows)} networks are "
            "missing; tables and figures stay as they were"
        )
    return Finished(rows, tested, missing)


def _digits_of(configuration: MnistConfiguration, store: MemberStore) -> Digits:
    """Return the digits that the rows of a run name, by their hash alone: not to train on."""
    hashes = Counter(row["data"] for row in store.rows.values() if "data" in row)
    known = hashes.most_common(1)[0][0] if hashes else ""
    nothing = np.zeros(0, np.uint8)
    return Digits(configuration.dataset, nothing.reshape(0, NUM_PIXELS), nothing, known)


def save_example(store: MnistStore, row: Row, folder: Path) -> None:
    """Write pixels and node positions of a network on its first test digit, if it is not there."""
    known = read_kept(folder, EXAMPLE)
    if known is not None and known.get("member") == row["member"]:
        return
    condition = store.conditions[row["architecture"]]
    model = trained_network(condition.architecture, row)
    first = split(store.digits, row["seed"]).test[:1]
    inputs, labels = sequences(condition.pool.data, first)
    positions = trajectory(model.cell, inputs).observed[:, :, 0]
    example = {
        "member": row["member"],
        "architecture": row["architecture"],
        "seed": row["seed"],
        "label": int(labels[0]),
        "pixels": np.round(np.asarray(inputs)[:, 0, 0], 4),
        "positions": np.round(np.asarray(positions), 4),
    }
    write_kept(folder, EXAMPLE, example)
