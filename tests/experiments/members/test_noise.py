"""Tested networks read noisy copies of their test examples; the row keeps how well."""

import numpy as np
import pytest

from experiments.members import Condition, MemberStore, Pool, Wanted, train_members
from experiments.members.noise import noisy_examples
from rhythmic.data.dataset import Split
from rhythmic.networks import LAST, NetworkSpec, rhythmic_network
from rhythmic.training import Data, TrainingConfiguration
from rhythmic.training.search import Setting

LEVELS = (0.0, 0.5, 4.0)


def split(seed):
    """Hold out other examples for each seed, as the bundled digits do."""
    order = np.random.default_rng(seed).permutation(80).astype(np.int32)
    return Split(order[:40], order[40:50], order[50:])


def make_pool():
    """Ink on one half of the sequence or the other, easily told apart."""
    rng = np.random.default_rng(0)
    labels = (np.arange(80) % 2).astype(np.int32)
    images = rng.integers(0, 30, (80, 12))
    images[labels == 1, 6:] += 200
    return Pool("halves", "0" * 64, Data(images.astype(np.uint8), labels), split)


def condition(label="net", **changes):
    given = {
        "architecture": NetworkSpec("rnn", 4, name="net", **LAST),
        "training": TrainingConfiguration(
            epochs=30, batch_size=8, schedule="constant", momentum="constant"
        ),
        "pool": make_pool(),
        "settings": (Setting(0.03),),
        "seeds": (1, 2),
        "test_noise": LEVELS,
    }
    return Condition(label, **given | changes)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("noise")
    asked = [condition("all"), condition("one", seeds=(1,), test_noise=(4.0,))]
    return train_members(MemberStore(folder / "rows.jsonl"), asked, folder)


@pytest.mark.slow
def test_accuracy_at_every_level_stands_in_the_row(rows):
    for row in rows["all"]:
        clean, weak, strong = row["noise_accuracy"]
        assert clean == pytest.approx(row["test_accuracy"], abs=1e-6)
        assert clean > 0.85
        assert weak >= strong
        assert strong < 0.8


@pytest.mark.slow
def test_noise_does_not_depend_on_neighbours_or_other_levels(rows, tmp_path):
    alone = condition("alone", seeds=(2,), test_noise=(4.0, 0.5))
    (row,) = train_members(MemberStore(tmp_path / "rows.jsonl"), [alone], tmp_path)["alone"]
    assert row["noise_accuracy"] == pytest.approx(rows["all"][1]["noise_accuracy"][:0:-1])
    assert rows["one"][0]["noise_accuracy"] == pytest.approx(rows["all"][0]["noise_accuracy"][2:])


@pytest.mark.slow
def test_noise_of_an_example_belongs_to_it_and_grows_with_the_level():
    data = make_pool().data
    some, all_ = np.array([3, 50]), np.arange(80)
    values = data.inputs / 255
    weak, strong = (noisy_examples(data, all_, x).inputs - values for x in (0.1, 0.4))
    np.testing.assert_allclose(4 * weak, strong, atol=1e-5)
    np.testing.assert_array_equal(
        noisy_examples(data, some, 0.4).inputs, noisy_examples(data, all_, 0.4).inputs[some]
    )
    assert strong.std() == pytest.approx(0.4, rel=0.1)
    assert abs(np.corrcoef(strong[3], strong[50])[0, 1]) < 0.7
    rows = Data(data.inputs.reshape(80, 4, 3), data.targets)
    assert noisy_examples(rows, some, 0.4).inputs.shape == (2, 4, 3)


def test_levels_name_the_tested_member_alone():
    quiet, loud = condition(test_noise=()), condition()
    for tested in (False, True):
        names = {Wanted(c, Setting(0.03), 1, tested).name() for c in (quiet, loud)}
        assert len(names) == (2 if tested else 1)
    assert quiet.program() == loud.program()


@pytest.mark.parametrize("level", [-0.1, float("nan"), float("inf")])
def test_a_level_out_of_range_is_refused(level):
    with pytest.raises(ValueError, match="test_noise holds"):
        condition(test_noise=(0.1, level))


def test_a_network_that_goes_from_event_to_event_reads_noise_step_by_step(tmp_path):
    pool = make_pool()
    sparse = pool.data.inputs * (np.arange(12) % 3 == 0).astype(np.uint8)
    golden = condition(
        "golden",
        architecture=rhythmic_network((20.0, 90.0), pole_radius=0.9, name="golden"),
        pool=Pool("sparse", "0" * 64, pool.data._replace(inputs=sparse), split),
        training=TrainingConfiguration(
            epochs=1, batch_size=8, schedule="constant", momentum="constant"
        ),
        seeds=(1,),
        test_noise=(0.0, 0.5),
    )
    (row,) = train_members(MemberStore(tmp_path / "rows.jsonl"), [golden], tmp_path)["golden"]
    assert row["way_through_time"] == "events"
    assert row["noise_accuracy"][0] == pytest.approx(row["test_accuracy"], abs=0.05)
