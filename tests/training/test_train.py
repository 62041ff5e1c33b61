"""The one call: four kinds of targets against closed forms, groups, lengths, stopping, files."""

import dataclasses
import functools
import json
from concurrent.futures import ThreadPoolExecutor

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import rhythmic
from rhythmic.data import Split
from rhythmic.networks import NetworkSpec
from rhythmic.runs.environment import RefusedError
from rhythmic.runs.states import StateFile
from rhythmic.training import TrainingConfiguration, train
from rhythmic.training import trained as trained_module
from rhythmic.training.batches import like_length_batches
from rhythmic.training.group import GroupTraining
from rhythmic.training.runs import GroupWorker

RNG = np.random.default_rng(0)
SPLIT = Split(*(np.arange(a, b, dtype=np.int32) for a, b in ((0, 40), (40, 50), (50, 60))))
QUICK = TrainingConfiguration(epochs=3, batch_size=8, rising_share=0.4)
NO_LAYER = NetworkSpec("rnn", 1, depth=0, readout="linear")
TINY = NetworkSpec("rnn", 2)  # quick to compile


def recordings(targets, inputs=None, **options):
    inputs = RNG.normal(size=(60, 12, 2)) if inputs is None else inputs
    return rhythmic.Recordings(inputs, targets, sample_rate=100.0, **options)


def fitted(spec, data, **options):
    recipe = TrainingConfiguration(
        epochs=500, batch_size=40, optimizer=optax.adam(optax.cosine_decay_schedule(0.3, 500))
    )
    return train(spec, data, seeds=(1,), recipe=recipe, split=SPLIT, quiet=True, **options)


def test_numbers_per_trial_are_fitted_by_least_squares():
    inputs = RNG.normal(size=(60, 12, 2)) * [1.0, 1e-6]
    means = inputs.mean(axis=1)
    targets = means @ np.array([[3.0, -100.0], [2e6, 5e7]]) + [7.0, 1e4]
    targets = targets + RNG.normal(size=targets.shape) * targets.std(axis=0) * 0.1
    found = fitted(dataclasses.replace(NO_LAYER, pooling="mean"), recordings(targets, inputs))
    assert (found.score, found.num_parameters) == ("r2", 6)
    design = np.column_stack([means, np.ones(60)])
    solution, *_ = np.linalg.lstsq(design[:40], targets[:40], rcond=None)
    expected = design @ solution
    error = (found.predict(inputs) - expected) / targets.std(axis=0)
    assert np.abs(error).max() < 0.02
    residual = np.sum((targets - expected)[50:] ** 2, axis=0)
    variation = np.sum((targets[50:] - targets[50:].mean(axis=0)) ** 2, axis=0)
    np.testing.assert_allclose(found.test_scores, np.mean(1 - residual / variation), atol=0.01)


def test_numbers_per_step_are_fitted_by_least_squares_whatever_is_missing():
    lengths = RNG.integers(4, 12, 60)
    inputs = [RNG.normal(size=(n, 2)) for n in lengths]
    targets = [x @ np.array([2.0, -1.0]) + 0.5 + 0.1 * RNG.normal(size=len(x)) for x in inputs]
    holed = [np.where(RNG.random(len(y)) < 0.2, np.nan, y)[:, None] for y in targets]
    data = recordings(holed, inputs, kind="value_per_step")
    found = fitted(NO_LAYER, data)
    rows = np.concatenate(inputs[:40])
    known = ~np.isnan(np.concatenate(holed[:40])[:, 0])
    design = np.column_stack([rows, np.ones(len(rows))])[known]
    solution, *_ = np.linalg.lstsq(design, np.concatenate(targets[:40])[known], rcond=None)
    answers = found.predict(inputs[3])
    expected = np.column_stack([inputs[3], np.ones(len(inputs[3]))]) @ solution
    np.testing.assert_allclose(answers[:, 0], expected, atol=0.04)


def test_a_known_filter_is_the_answer_at_every_step():
    """A resonant node that is not trained is a second-order filter; its readout finds it."""
    options = {
        "frequencies": (5.0,),
        "recurrence": False,
        "rhythms": "fixed",
        "pole_radius": 0.9,
        "input_weights": "ones",
    }
    inputs = RNG.normal(size=(60, 40, 1))
    w1, w2 = 2 * 0.9 * np.cos(2 * np.pi * 5 / 100), -0.81
    filtered = np.zeros((60, 42))
    for t in range(40):
        filtered[:, t + 2] = inputs[:, t, 0] + w1 * filtered[:, t + 1] + w2 * filtered[:, t]
    targets = 3.0 * filtered[:, 2:, None] - 1.0
    spec = NetworkSpec("rrn", 1, options=options, feature="output", readout="linear")
    data = recordings(targets, inputs, kind="value_per_step")
    found = fitted(spec, data, standardised=False)
    assert found.test_scores[0] > 0.999
    np.testing.assert_allclose(found.predict(inputs[0]), targets[0], atol=0.1)


@pytest.mark.parametrize("labels", ["strings", "missing"])
def test_classes_keep_their_names(labels):
    side = np.random.default_rng(4).random(60) < 0.5
    inputs = RNG.normal(size=(60, 12, 2)) + np.where(side, 1.0, -1.0)[:, None, None]
    names = np.where(side, "left", "right").astype(object)
    if labels == "missing":
        names[::7] = None
    found = fitted(dataclasses.replace(NO_LAYER, pooling="mean"), recordings(names, inputs))
    assert found.classes == ("left", "right")
    assert found.test_scores[0] >= 0.8
    assert np.mean(found.predict(inputs) == np.where(side, "left", "right")) > 0.95
    probabilities = found.outputs(inputs[:5])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert found.confusion.sum() == np.sum([name is not None for name in names[50:60]])


def test_a_class_per_step_of_trials_of_unequal_length():
    inputs = [RNG.normal(size=(n, 2)) for n in RNG.integers(5, 15, 60)]
    targets = [np.where(x[:, 0] > 0, "up", "down") for x in inputs]
    found = fitted(NO_LAYER, recordings(targets, inputs))
    assert found.test_scores[0] > 0.95
    answers = found.predict(inputs[4])
    assert answers.shape == (len(inputs[4]),)
    assert set(answers.tolist()) <= {"up", "down"}
    stacked = np.zeros((2, 15, 2))
    for row, one in zip(stacked, inputs[:2], strict=True):
        row[: len(one)] = one
    both = found.outputs(stacked, lengths=[len(inputs[0]), len(inputs[1])])
    np.testing.assert_allclose(both[0][: len(inputs[0])], found.outputs(inputs[0]), atol=1e-5)


def test_padding_changes_no_bit_of_a_training():
    lengths = RNG.integers(4, 12, 60)
    inputs = RNG.normal(size=(60, 12, 2))
    labels = RNG.integers(0, 2, 60)
    filled = [
        rhythmic.Recordings(
            np.where((np.arange(12)[:, None] < lengths[:, None, None]), inputs, filler),
            labels,
            sample_rate=100.0,
            lengths=lengths,
        )
        for filler in (0.0, np.nan)
    ]
    one, other = (train(TINY, x, seeds=(3,), recipe=QUICK, split=SPLIT, quiet=True) for x in filled)
    assert eqx.tree_equal(one.networks[0], other.networks[0])
    np.testing.assert_array_equal(one.history.train_loss, other.history.train_loss)


@pytest.mark.parametrize("shortest", [0.5, 1.0])
def test_padding_stays_below_a_fifth_of_the_steps(shortest):
    lengths = jnp.asarray(RNG.uniform(100 * shortest, 200, 256).astype(np.int32))
    batches, weights = like_length_batches(jnp.arange(256), lengths, 16, 16, key=jax.random.key(0))
    assert np.sort(np.asarray(batches).ravel()).tolist() == list(range(256))
    longest = np.asarray(lengths)[np.asarray(batches)].max(axis=1)
    computed = 14 * np.ceil(longest / 14) * 16  # in blocks of steps, as the scan skips them
    assert np.asarray(weights).sum() == 256
    assert 1 - np.asarray(lengths).sum() / computed.sum() < 0.2
    again = like_length_batches(jnp.arange(256), lengths, 16, 16, key=jax.random.key(1))[0]
    assert not np.array_equal(again, batches)


def test_groups_are_never_torn_and_runs_may_have_different_numbers_of_trials():
    groups = np.random.default_rng(3).integers(0, 9, 60)
    data = recordings(RNG.integers(0, 2, 60), groups=groups)
    recipe = dataclasses.replace(QUICK, batch_size=9)  # leaves no trial alone in a last batch
    found = train(NetworkSpec("rrn", 3), data, seeds=(1, 2, 3), recipe=recipe, quiet=True)
    assert len({len(split.train) for split in found.splits}) > 1
    for split in found.splits:
        parts = [set(groups[part].tolist()) for part in split]
        assert sum(map(len, parts)) == len(set(groups.tolist()))
        assert sum(map(len, split)) == 60
    assert np.all(np.isfinite(found.history.train_loss))
    counted = found.confusion.sum(axis=(1, 2)).tolist()
    assert counted == [len(split.test) for split in found.splits]
    # Batches that no trial fills change nothing: statistics are those of real ones.
    for network in found.networks:
        assert np.all(np.isfinite(network(data.inputs)))


def test_the_rate_is_chosen_by_validation_and_a_run_that_failed_has_no_score():
    data = recordings(RNG.integers(0, 2, 60))
    recipe = dataclasses.replace(QUICK, clip_norm=float("inf"))
    options = {"seeds": (1, 2), "recipe": recipe, "split": SPLIT, "quiet": True}
    failing = train(TINY, data, learning_rates=(1e38, 1e37), **options)
    assert np.all(np.isnan(failing.test_scores))
    assert np.all(np.isnan(failing.validation_scores))
    both = train(TINY, data, learning_rates=(1e38, 0.01), **options)
    assert both.learning_rate == 0.01
    assert np.all(np.isfinite(both.test_scores))


def test_a_run_stops_when_its_patience_ends():
    data = recordings(RNG.integers(0, 2, 60))
    recipe = dataclasses.replace(QUICK, epochs=40, patience=2)
    found = train(TINY, data, seeds=(1, 2), recipe=recipe, quiet=True)
    for scores in found.history.validation_score:
        ran = np.isfinite(scores)
        best = int(np.argmax(np.where(ran, scores, -1)))
        assert ran.sum() == min(40, best + 3)
        assert not ran[ran.sum() :].any()


def test_pieces_as_long_as_a_recording_are_the_recording():
    targets = RNG.normal(size=(60, 12, 1))
    data = recordings(targets, kind="value_per_step")

    def losses(piece_length):
        recipe = dataclasses.replace(QUICK, piece_length=piece_length)
        found = train(TINY, data, seeds=(1,), recipe=recipe, split=SPLIT, quiet=True)
        return found.history.train_loss

    whole = losses(None)
    np.testing.assert_allclose(losses(12), whole, rtol=1e-4)
    pieces = losses(4)
    assert np.all(np.isfinite(pieces))
    assert np.abs(pieces - whole).max() > 1e-4


def test_bytes_in_volts_and_in_microvolts_train_alike():
    inputs = RNG.normal(size=(60, 12, 2))
    labels = RNG.integers(0, 2, 60)
    options = {"seeds": (1,), "recipe": QUICK, "split": SPLIT, "quiet": True}
    volts, micro = (train(TINY, recordings(labels, inputs * k), **options) for k in (1.0, 1e-6))
    np.testing.assert_allclose(
        volts.history.train_loss, micro.history.train_loss, rtol=1e-3, atol=1e-4
    )
    pixels = RNG.integers(0, 256, (60, 12, 2), np.uint8)
    found = train(TINY, recordings(labels, pixels), **options)
    assert np.all(np.isfinite(found.test_scores))


def test_a_folder_holds_networks_history_and_result(tmp_path):
    data = recordings(np.where(RNG.random(60) < 0.5, "a", "b"))
    options = {"seeds": (1, 2), "recipe": QUICK, "quiet": True}
    found = train(NetworkSpec("lstm", 2), data, folder=tmp_path / "run", **options)
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == [
        "finished.ckpt",
        "history.csv",
        "network-1.json",
        "network-1.safetensors",
        "network-2.json",
        "network-2.safetensors",
        "result.json",
        "run.json",
        "runs-0-2.ckpt",
    ]
    network = rhythmic.load(tmp_path / "run" / "network-2.safetensors")
    np.testing.assert_array_equal(network(data.inputs[:3]), found.networks[1](data.inputs[:3]))
    assert network.classes == found.classes == ("a", "b")
    lines = (tmp_path / "run" / "history.csv").read_text().splitlines()
    assert lines[0] == "seed,epoch,train_loss,train_accuracy,validation_loss,validation_accuracy"
    assert len(lines) == 1 + 2 * 3
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["test_scores"] == pytest.approx(found.test_scores.tolist())
    assert result["arithmetic"]["way_through_time"] == "adjoint"
    assert result["arithmetic"] == found.arithmetic
    again = train(NetworkSpec("lstm", 2), data, folder=tmp_path / "run", **options)
    assert again.arithmetic == found.arithmetic
    assert repr(again) == repr(found)
    assert again.seconds == found.seconds
    np.testing.assert_array_equal(again.test_scores, found.test_scores)
    np.testing.assert_array_equal(again.confusion, found.confusion)
    np.testing.assert_array_equal(again.history.train_loss, found.history.train_loss)
    assert eqx.tree_equal(again.networks, found.networks)
    for spec, changed, difference in (
        (NetworkSpec("lstm", 3), {}, "spec.hidden_size: 2 there, 3 here"),
        (NetworkSpec("lstm", 2), {"method": "scan"}, "method: fastest there, scan here"),
        (NetworkSpec("lstm", 2), {"seeds": (1, 3)}, r"seeds\[1\]: 2 there, 3 here"),
    ):
        with pytest.raises(ValueError, match=f"holds another training .*{difference}"):
            train(spec, data, folder=tmp_path / "run", **options | changed)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match="it must be a folder, or nothing yet"):
        train(NetworkSpec("lstm", 2), data, folder=tmp_path / "file", **options)


def test_own_losses_and_optimisers_are_resumed_in_another_process(tmp_path):
    """A folder knows them by name: their addresses differ from process to process."""
    told = [
        trained_module._told({"loss": absolute_error, "optimizer": optax.adam(0.1)})
        for _ in range(2)
    ]
    assert told[0] == told[1]
    assert "0x" not in str(told)
    assert told[0]["loss"].endswith("absolute_error")
    trained_module._told({"loss": functools.partial(absolute_error)})


def absolute_error(answer, target):
    return jnp.sum(jnp.abs(answer - target))


def test_answers_have_the_shape_of_the_targets_and_trials_may_come_in_a_list():
    trials = [RNG.normal(size=(n, 2)) for n in (5, 12, 7, 9, 11, 6, 8, 10) * 4]
    numbers = RNG.normal(size=32)
    options = {"seeds": (1,), "recipe": QUICK, "quiet": True}
    data = rhythmic.Recordings(trials, numbers, sample_rate=100.0)
    found = train(TINY, data, **options)
    answers = found.predict(trials)
    assert answers.shape == numbers.shape
    np.testing.assert_allclose(found.predict(data), answers, rtol=1e-5)
    np.testing.assert_allclose(found.predict(trials[0]), answers[0], rtol=1e-4)
    np.testing.assert_allclose(found.predict(data.inputs, data.lengths), answers, rtol=1e-5)
    spoilt = trials[1].copy()
    spoilt[3, 1] = np.nan
    with pytest.raises(ValueError, match="inputs holds nan in trial 1, channel 1, step 3"):
        found.predict([trials[0], spoilt])


def test_one_class_alone_in_a_split_is_refused():
    groups = np.repeat(["a", "b", "c"], 20)
    data = recordings(np.where(groups == "c", "x", "y"), groups=groups)
    split = Split(np.arange(30), np.arange(30, 40), np.arange(40, 60))
    with pytest.raises(ValueError, match="train of the split of seed 1 holds one class alone, 'y'"):
        train(NetworkSpec("gru", 2), data, seeds=(1,), split=split, recipe=QUICK)


def test_a_run_that_was_stopped_goes_on_with_the_same_numbers(tmp_path, monkeypatch):
    data = recordings(RNG.integers(0, 2, 60))
    options = {"seeds": (1, 2), "recipe": QUICK, "split": SPLIT, "quiet": True}
    whole = train(TINY, data, **options)
    run = GroupTraining.run

    def stopped(self, members, *, on_epoch=None, checkpoint=None):
        def stop(report):
            if report.epoch == 1:
                raise KeyboardInterrupt

        return run(self, members, on_epoch=stop, checkpoint=checkpoint)

    with monkeypatch.context() as patched:
        patched.setattr(GroupTraining, "run", stopped)
        with pytest.raises(KeyboardInterrupt):
            train(TINY, data, folder=tmp_path, **options)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.json", "runs-0-2.ckpt"]
    again = train(TINY, data, folder=tmp_path, **options)
    np.testing.assert_array_equal(again.history.train_loss, whole.history.train_loss)
    assert eqx.tree_equal(again.networks, whole.networks)


LABELS = RNG.integers(0, 2, 60)
BAD = {
    "seeds is empty": {"seeds": ()},
    "seeds holds a value twice": {"seeds": (1, 1)},
    "learning_rate is -1": {"learning_rates": (-1,)},
    "num_devices is 99; there are": {"num_devices": 99},
    "score is 'r2'; for classes choose": {"recipe": dataclasses.replace(QUICK, score="r2")},
    "loss is 'huber'; for classes choose cross_entropy": {
        "recipe": dataclasses.replace(QUICK, loss="huber")
    },
    "class_weights holds 3; it must hold 2": {
        "recipe": dataclasses.replace(QUICK, class_weights=(1.0, 2.0, 3.0))
    },
    "piece_length is 4; it must be None": {"recipe": dataclasses.replace(QUICK, piece_length=4)},
    "validation is 0.7": {"validation": 0.7, "test": 0.5},
    "train of the split holds 99": {"split": SPLIT._replace(train=np.array([99], np.int32))},
    "method is 'quick'": {"method": "quick"},
}


@pytest.mark.parametrize("message", BAD)
def test_what_does_not_fit_is_refused_in_one_line(message, monkeypatch):
    monkeypatch.setattr(GroupTraining, "__init__", None)  # nothing may be compiled
    with pytest.raises(ValueError, match=message) as caught:
        train(NetworkSpec("rnn", 2), recordings(LABELS), **({"quiet": True} | BAD[message]))
    assert "\n" not in str(caught.value)


def test_a_network_and_its_targets_must_agree():
    steps = recordings(RNG.integers(0, 2, (60, 12)))
    with pytest.raises(ValueError, match="pooling of spec is 'mean'; it must be 'every'"):
        train(NetworkSpec("rnn", 2, pooling="mean"), steps, quiet=True)
    with pytest.raises(ValueError, match="pooling of spec is 'every'; it must be 'mean' or 'last'"):
        train(NetworkSpec("rnn", 2, pooling="every"), recordings(LABELS), quiet=True)


EIGHT = {"seeds": tuple(range(1, 9)), "recipe": QUICK, "quiet": True}  # two groups of a CPU


def test_workers_train_the_networks_of_one_process(tmp_path, monkeypatch):
    data = recordings(RNG.integers(0, 2, 60))
    whole = train(NO_LAYER, data, **EIGHT)
    with ThreadPoolExecutor(2) as pool:
        found = train(NO_LAYER, data, executor=pool, folder=tmp_path / "a", **EIGHT)
        assert len(list((tmp_path / "a").glob("finished-*.ckpt"))) == 2
        assert eqx.tree_equal(found.networks, whole.networks)
        np.testing.assert_array_equal(found.test_scores, whole.test_scores)
        # A group that a worker finished is not trained again, with the executor or without.
        keep = StateFile.write

        def keep_one(self, state, done):
            keep(self, state, done)
            raise KeyboardInterrupt

        monkeypatch.setattr(StateFile, "write", keep_one)
        with pytest.raises(KeyboardInterrupt):
            train(NO_LAYER, data, executor=pool, folder=tmp_path / "b", **EIGHT)
    monkeypatch.setattr(StateFile, "write", keep)
    trained, run = [], GroupTraining.run

    def noted(self, members, **options):
        trained.append(len(members.seed))
        return run(self, members, **options)

    monkeypatch.setattr(GroupTraining, "run", noted)
    again = train(NO_LAYER, data, folder=tmp_path / "b", **EIGHT)
    assert trained == [4]
    assert eqx.tree_equal(again.networks, whole.networks)


def test_a_worker_that_computes_otherwise_is_refused(tmp_path, monkeypatch):
    data = recordings(RNG.integers(0, 2, 60))
    answer = GroupWorker.__call__

    def otherwise(self, part):
        environment, state = answer(self, part)
        return environment | ({"jax": "0.0"} if part and part.first else {}), state

    monkeypatch.setattr(GroupWorker, "__call__", otherwise)
    with ThreadPoolExecutor(1) as pool:
        asked = EIGHT | {"executor": pool, "folder": tmp_path}
        with pytest.raises(RefusedError, match=r"computes otherwise \(jax: .* there, 0.0 here"):
            train(NO_LAYER, data, **asked)
    # The group that was finished says what computed it, and does not count for other versions.
    monkeypatch.setattr("rhythmic.training.runs.made_by", lambda training: {"jax": "0.1"})
    found = train(NO_LAYER, data, **asked | {"executor": None})
    assert found.arithmetic == {"jax": "0.1"}
    assert len(list((tmp_path / "damaged").glob("finished-*.ckpt"))) == 1


def test_runs_that_fill_the_memory_are_trained_in_smaller_groups(monkeypatch, capsys):
    data = recordings(RNG.integers(0, 2, 60))
    run = GroupTraining.run

    def failing(self, members, **options):
        if self.plan.size > 2:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
        return run(self, members, **options)

    monkeypatch.setattr(GroupTraining, "run", failing)
    found = train(NO_LAYER, data, **EIGHT | {"quiet": False})
    said = capsys.readouterr().err
    assert "rnn-1-0: out of memory with 1 x 4 members (RESOURCE_EXHAUSTED: Out of memory)" in said
    assert "continuing with 1 x 2 members" in said
    monkeypatch.setattr(GroupTraining, "run", run)
    whole = train(NO_LAYER, data, **EIGHT)
    np.testing.assert_allclose(found.history.train_loss, whole.history.train_loss, rtol=1e-4)
    assert found.seeds == whole.seeds
