"""Recordings: four kinds of targets, unequal lengths, what is refused, and how trials divide."""

import numpy as np
import pytest
import xarray
from hypothesis import given
from hypothesis import strategies as st

from rhythmic.data import Recordings

GENERATOR = np.random.default_rng(0)
LENGTHS = (4, 7, 5, 6)
TRIALS = [GENERATOR.normal(size=(length, 2)) for length in LENGTHS]
LABELS = ["rest", "move", "rest", "move"]
NAN = float("nan")


def made(inputs=TRIALS, targets=LABELS, **options):
    return Recordings(inputs, targets, **({"sample_rate": 200.0} | options))


def test_unequal_trials_are_padded_with_zeros():
    found = made()
    assert found.inputs.shape == (4, 7, 2)
    assert found.lengths.tolist() == list(LENGTHS)
    for row, trial in zip(found.inputs, TRIALS, strict=True):
        np.testing.assert_array_equal(row[: len(trial)], trial)
        assert not row[len(trial) :].any()
    assert repr(found) == (
        "Recordings(4 trials of 0.02 to 0.035 s, 2 channels at 200 Hz, 2 classes per trial)"
    )


def test_what_stands_past_the_ends_is_not_read():
    array = np.full((4, 7, 2), NAN)
    for row, trial in zip(array, TRIALS, strict=True):
        row[: len(trial)] = trial
    found = made(array, lengths=LENGTHS)
    np.testing.assert_array_equal(found.inputs, made().inputs)
    np.testing.assert_allclose(found.scaling(), made().scaling(), rtol=1e-12)


@pytest.mark.parametrize(
    ("given_", "stored"),
    [("uint8", "uint8"), ("int16", "float32"), ("int64", "float64"), ("float16", "float32")],
)
def test_numbers_keep_their_digits(given_, stored):
    values = np.array([[[1], [2**40 + 101 if given_ == "int64" else 101]]] * 4).astype(given_)
    found = made(values).inputs
    assert found.dtype == stored
    np.testing.assert_array_equal(found, values)


def test_axes_of_xarray_may_come_in_any_order():
    array = GENERATOR.normal(size=(4, 5, 3))
    turned = xarray.DataArray(array, dims=("trial", "time", "channel")).transpose("channel", ...)
    np.testing.assert_array_equal(made(turned).inputs, array)
    assert made(array[..., 0]).inputs.shape == (4, 5, 1)
    listed = [xarray.DataArray(one.T, dims=("channel", "time")) for one in TRIALS]
    np.testing.assert_array_equal(made(listed).inputs, made().inputs)
    alone = xarray.DataArray(array[..., 0].T, dims=("time", "trial"))
    np.testing.assert_array_equal(made(alone).inputs, array[..., :1])
    steps = xarray.DataArray(np.arange(20).reshape(5, 4), dims=("time", "trial"))
    np.testing.assert_array_equal(made(turned, steps).targets, steps.values.T)


STEPS = [GENERATOR.integers(0, 3, length) for length in LENGTHS]
KINDS = {
    "strings": (LABELS, "class", ("move", "rest"), [1, 0, 1, 0]),
    "an array of strings": (np.array(LABELS), "class", ("move", "rest"), [1, 0, 1, 0]),
    "integers": ([7, 3, 7, 5], "class", (3, 5, 7), [2, 0, 2, 1]),
    "truths": (np.array([True, False, False, True]), "class", (False, True), [1, 0, 0, 1]),
    "labels that are missing": ([None, "a", "b", None], "class", ("a", "b"), [-1, 0, 1, -1]),
    "numbers": ([0.5, NAN, 1.5, None], "value", (), [[0.5], [NAN], [1.5], [NAN]]),
    "several numbers": (np.eye(4)[:, :3] / 2, "value", (), np.eye(4)[:, :3] / 2),
}


@pytest.mark.parametrize("case", KINDS)
def test_targets_of_trials(case):
    targets, kind, classes, expected = KINDS[case]
    found = made(targets=targets)
    assert (found.kind, found.classes) == (kind, classes)
    np.testing.assert_array_equal(found.targets, expected)
    np.testing.assert_array_equal(
        found.known, found.targets >= 0 if classes else ~np.isnan(found.targets)
    )
    assert found.num_outputs == len(classes) or found.targets.shape[1]


def test_targets_of_steps():
    found = made(targets=STEPS)
    assert (found.kind, found.classes, found.per_step) == ("class_per_step", (0, 1, 2), True)
    for row, steps in zip(found.targets, STEPS, strict=True):
        np.testing.assert_array_equal(row[: len(steps)], steps)
        assert (row[len(steps) :] == -1).all()
    values = [steps[:, None] * [1.0, 0.5] for steps in STEPS]
    found = made(targets=[None, *values[1:]])
    assert (found.kind, found.targets.shape) == ("value_per_step", (4, 7, 2))
    assert not found.known[0].any()
    assert found.known.sum() == 2 * sum(LENGTHS[1:])
    np.testing.assert_array_equal(found.targets[1], values[1])


def test_a_kind_that_is_named_counts():
    assert made(targets=[1, 2, 3, 4], kind="value").targets.tolist() == [[1.0], [2], [3], [4]]
    assert str(made(targets=[1.0, 2.0, 1.0, NAN], kind="class").classes) == "(1, 2)"
    assert str(made(targets=[1.5, 2.0, 1.5, NAN], kind="class").classes) == "(1.5, 2.0)"
    square = np.ones((4, 5)) * [0, 1, 0, 1, 0]
    assert made(square, square).kind == "value_per_step"
    assert made(square, square, kind="value").targets.shape == (4, 5)


def spoilt(value):
    trials = [trial.copy() for trial in TRIALS]
    trials[2][3, 1] = value
    return trials


REFUSED = {
    "nan": (lambda: made(spoilt(NAN)), "inputs holds nan in trial 2, channel 1, step 3; it must"),
    "infinity": (
        lambda: made(spoilt(np.inf), channel_names=("Fz", "Cz")),
        "inputs holds inf in trial 2, Cz, step 3; ",
    ),
    "no trials": (lambda: made([], []), "inputs is empty; give at least one trial"),
    "no samples": (lambda: made([*TRIALS[:3], TRIALS[0][:0]]), r"inputs has shape \(0, 2\) in tr"),
    "another channel": (
        lambda: made([*TRIALS[:3], np.ones((4, 3))]),
        r"inputs has shape \(4, 3\) in trial 3; expected \(time, 2\)",
    ),
    "axes of one trial": (
        lambda: made(xarray.DataArray(np.ones((5, 3)), dims=("time", "channel"))),
        r"inputs has the axes \('time', 'channel'\); expected \('trial', 'time', 'channel'\)",
    ),
    "no numbers": (lambda: made(np.full((4, 2, 1), "a")), "inputs is of type <U1; it must hold"),
    "a length of zero": (
        lambda: made(np.ones((4, 5, 1)), lengths=[1, 5, 0, 2]),
        "lengths holds 0 in trial 2; it must be 1 to 5",
    ),
    "a length too large": (
        lambda: made(np.ones((4, 5, 1)), lengths=[1, 6, 1, 2]),
        "lengths holds 6 in trial 1; ",
    ),
    "lengths of a list": (lambda: made(lengths=LENGTHS), "lengths is given; trials in a list have"),
    "a sample rate of zero": (lambda: made(sample_rate=0), "sample_rate is 0; it must"),
    "too few targets": (
        lambda: made(targets=LABELS[:3]),
        "targets holds 3; it must hold one",
    ),
    "one class": (lambda: made(targets=["a"] * 4), "targets holds one class alone, 'a'; it must"),
    "no class": (lambda: made(targets=[None] * 4, kind="class"), "targets holds no label that is"),
    "no number": (lambda: made(targets=[NAN] * 4), "targets holds none that is known"),
    "labels of two types": (
        lambda: made(targets=["a", 1, "a", 1]),
        "targets holds labels",
    ),
    "an infinite number": (
        lambda: made(targets=[0.0, np.inf, 1.0, 2.0]),
        "targets holds an infinite number in trial 1",
    ),
    "words for numbers": (lambda: made(kind="value"), "targets holds 'rest' in trial 0; it must"),
    "steps that do not fit": (
        lambda: made(targets=[*STEPS[:3], [1, 2]], kind="class_per_step"),
        r"targets has shape \(2,\) in trial 3; expected one for each of its 6 steps",
    ),
    "numbers that differ": (
        lambda: made(targets=[[1.0, 2.0], [1.0], [1.0, 2.0], [1.0, 2.0]]),
        r"targets has shape \(1,\) in trial 1; expected 2 numbers per trial",
    ),
    "an unknown kind": (
        lambda: made(kind="classes"),
        "kind is 'classes'; choose from class",
    ),
    "names of one channel": (
        lambda: made(channel_names=["Cz"]),
        "channel_names .* 2 names",
    ),
    "a name twice": (
        lambda: made(channel_names=["a", "a"]),
        "channel_names .* once",
    ),
    "a group": (
        lambda: made(groups=[1]),
        "groups is .*; it must hold a label for",
    ),
    "two groups": (lambda: made(groups=[1, 1, 2, 2]).split(0), "groups holds 2; three parts need"),
    "no trials asked for": (lambda: made()[[]], "trials is empty; give at least one"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_by_name(case):
    call, message = REFUSED[case]
    with pytest.raises(ValueError, match=f"^{message}") as caught:
        call()
    assert "\n" not in str(caught.value)


def test_standardised_by_the_training_trials_alone():
    found = made([1e6 + 1e-3 * trial for trial in TRIALS])
    train = found[:3]
    scaled = found.standardised(train.scaling())
    assert scaled.inputs.dtype == np.float32
    own = np.concatenate([row[:n] for row, n in zip(scaled.inputs, LENGTHS, strict=True)][:3])
    np.testing.assert_allclose(own.mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(own.std(axis=0), 1.0, rtol=1e-5)
    assert not scaled.inputs[0, 4:].any()
    flat = made([trial * [1, 0] + [0, 5] for trial in TRIALS])
    assert not flat.standardised(flat.scaling()).inputs[..., 1].any()


def test_some_trials():
    found = made(targets=[None, "a", "b", "a"], groups=["s", "t", "t", "u"])[[3, 1]]
    assert found.lengths.tolist() == [6, 7]
    assert found.classes == ("a", "b")
    assert found.targets.tolist() == [0, 0]
    assert found.groups.tolist() == ["u", "t"]


def divided(labels, groups=None, seed=0, **options):
    found = made(np.ones((len(labels), 2)), labels, groups=groups)
    parts = found.split(seed, **options)
    together = np.concatenate(parts)
    assert sorted(together.tolist()) == list(range(len(labels)))
    assert all(len(part) for part in parts)
    return parts


@given(
    st.lists(st.tuples(st.integers(0, 7), st.booleans()), min_size=8, max_size=60),
    st.integers(0, 2**31 - 1),
)
def test_groups_are_never_torn(trials, seed):
    groups = np.array([*range(3), *(group for group, _ in trials)])
    labels = [False, True, True, *(label for _, label in trials)]
    parts = [set(groups[part].tolist()) for part in divided(labels, groups, seed)]
    assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]


def test_classes_are_spread_evenly():
    labels = np.array(["a"] * 100 + ["b"] * 40)
    train, validation, test = divided(labels, validation=0.2, test=0.1)
    for part, fraction in ((train, 0.7), (validation, 0.2), (test, 0.1)):
        for label, number in (("a", 100), ("b", 40)):
            assert abs(np.sum(labels[part] == label) - fraction * number) <= 1
    again = divided(labels, validation=0.2, test=0.1)
    assert all(np.array_equal(a, b) for a, b in zip(again, (train, validation, test), strict=True))
    assert not np.array_equal(divided(labels, seed=1)[0], divided(labels, seed=2)[0])
