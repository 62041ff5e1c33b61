"""A run whose groups do not fit in memory goes on with smaller ones, and keeps what it finished."""

import json

import jax
import numpy as np
import pytest

from experiments.mnist.members import train_all
from rhythmic.records import read_rows
from rhythmic.sealed import save_arrays
from rhythmic.training import Estimate, GroupTraining
from tests.experiments.commands import DIGITS, NAME, refusal, run_small, store_in

MODULE = "rhythmic.training.estimate"
EXHAUSTED = "RESOURCE_EXHAUSTED: Out of memory allocating 511194680 bytes.\nIn detail: none."


def groups_of(folder):
    return json.loads((folder / "groups.json").read_text())[NAME]["members_per_device"]


def failing_group(runs, error, *, after=0, from_size=2):
    """A GroupTraining that notes its seeds, and cannot run large groups after some that it ran."""

    class Failing(GroupTraining):
        def run(self, members, **options):
            if self.plan.size >= from_size and len(runs) >= after:
                raise error
            runs.append(members.seed.tolist())
            return super().run(members, **options)

    return Failing


@pytest.fixture
def no_compiler(monkeypatch):
    """Ten bytes a member, without compiling; what is free is far above, unless a test sets it."""

    def counted(group, members):
        return Estimate(0, 10 * group.plan.members_per_device, 0, 0.0)

    monkeypatch.setattr(f"{MODULE}.estimate_group", counted)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Rows of four members that were trained in one group."""
    folder = tmp_path_factory.mktemp("whole")
    return train_all(store_in(folder, seeds=(1, 2, 3, 4), members_per_device=4), folder)[NAME]


def assert_same_results(rows, expected):
    assert [row["member"] for row in rows] == [row["member"] for row in expected]
    for row, other in zip(rows, expected, strict=True):
        for name in ("train_loss", "validation_loss"):
            np.testing.assert_allclose(row["history"][name], other["history"][name], rtol=1e-3)
        assert row["test_loss"] == pytest.approx(other["test_loss"], rel=1e-3)


@pytest.mark.slow
def test_a_group_out_of_memory_is_split_and_finished_members_stay(
    whole, tmp_path, monkeypatch, capsys
):
    runs = []
    error = jax.errors.JaxRuntimeError(EXHAUSTED)
    monkeypatch.setattr(f"{MODULE}.GroupTraining", failing_group(runs, error, after=1))
    save_arrays(tmp_path / "checkpoints" / f"{'0a' * 8}.eqx", {"of": np.ones(8)}, {})
    rows = train_all(store_in(tmp_path, seeds=(1, 2, 3, 4), members_per_device=2), tmp_path)[NAME]
    # The first group of two was finished; the second failed, and went on one by one.
    assert runs == [[1, 2], [3], [4]]
    assert_same_results(rows, whole)
    assert groups_of(tmp_path) == 1
    said = [line for line in capsys.readouterr().err.splitlines() if "out of memory" in line]
    assert said == [
        f"{NAME}: out of memory with 1 x 2 members (RESOURCE_EXHAUSTED: Out of memory "
        "allocating 511194680 bytes.); continuing with 1 x 1 members"
    ]
    assert not list((tmp_path / "checkpoints").iterdir())
    timings = read_rows(tmp_path / "timings.jsonl")
    assert [(t["members"], t["members_per_device"]) for t in timings] == [(2, 2), (1, 1), (1, 1)]
    assert all(t["seconds_to_first_step"] >= t["compile_seconds"] for t in timings)
    assert [t["compile_seconds"] > 0 for t in timings] == [True, True, False]
    assert all(t["expected_bytes_a_device"] > DIGITS.images.nbytes for t in timings)


class Stop(Exception):
    """Ends a run where a test has seen enough."""


def test_a_group_expected_not_to_fit_is_smaller_from_the_start(
    no_compiler, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(f"{MODULE}.available_memory", lambda num_devices: 25)
    monkeypatch.setattr(f"{MODULE}.GroupTraining", failing_group([], Stop, from_size=1))
    with pytest.raises(Stop):
        train_all(store_in(tmp_path, seeds=(1, 2, 3, 4), members_per_device=4), tmp_path)
    assert groups_of(tmp_path) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        f"{NAME}: 1 x 4 members are expected to need 40 bytes a device, and 25 bytes may be "
        "filled: taking 1 x 2 members",
        f"{NAME}, table: 2 members to train, from the first epoch; 0 of 4 networks finished",
    ]


def test_one_member_too_many_is_one_clear_line(no_compiler, tmp_path, monkeypatch, capsys):
    error = jax.errors.JaxRuntimeError(EXHAUSTED)
    monkeypatch.setattr(f"{MODULE}.GroupTraining", failing_group([], error, from_size=1))
    message = refusal(run_small, tmp_path, "--seeds", "1", "2", "3", "--members-per-device", "3")
    assert message.startswith(f"error: {NAME} ran out of memory with 1 x 1 members (")
    assert "--batch-size" in message
    assert groups_of(tmp_path) == 1
    assert not (tmp_path / "members.jsonl").exists()


def test_a_stopped_run_goes_on_with_the_smaller_groups(no_compiler, tmp_path, monkeypatch, capsys):
    sizes = []

    class Failing(GroupTraining):
        def run(self, members, **options):
            sizes.append(self.plan.size)
            raise MemoryError if self.plan.size > 2 else Stop

    monkeypatch.setattr(f"{MODULE}.GroupTraining", Failing)
    for _ in range(2):
        with pytest.raises(Stop):
            train_all(store_in(tmp_path, seeds=(1, 2, 3, 4), members_per_device=4), tmp_path)
    assert sizes == [4, 2, 2]
    assert capsys.readouterr().err.count("out of memory") == 1
