"""Each command at its smallest: what it prints, what it writes, what it refuses."""

import jax
import numpy as np
import pytest

from benchmarks import epochs, groups, harness, paper, project_step, training_step
from rhythmic.training import plan_groups
from tests.benchmarks.conftest import rows_of


@pytest.fixture(autouse=True)
def small_peak(monkeypatch):
    peak = project_step.peak_operations
    monkeypatch.setattr(project_step, "peak_operations", lambda: peak(64, 1))
    yield
    groups.forget()


@pytest.mark.slow
def test_training_step(tmp_path, capsys):
    output = tmp_path / "steps.csv"
    training_step.run(
        training_step.Options(
            models=("rnn",),
            members=(2,),
            repetitions=2,
            steps=2,
            batch_size=4,
            time_steps=8,
            output=output,
        )
    )
    rows = rows_of(output)
    rivals = ("torch.nn.RNN", "torch loop", "rhythmic, plain scan", "Equinox, plain scan")
    assert [(row["against"], row["members"]) for row in rows] == [(rival, "2") for rival in rivals]
    for row in rows:
        low, middle, high = (float(row[f"ratio{end}"]) for end in ("_min", "", "_max"))
        assert 0 < low <= middle <= high
        assert float(row["gradient_difference"]) < 1e-8
        assert float(row["roofline_share"]) > 0
    printed = capsys.readouterr().out
    assert printed.count("| RNN, 11 nodes |") == 1 + 4


@pytest.mark.slow
def test_epochs(tmp_path, capsys):
    output = tmp_path / "epochs.csv"
    epochs.run(
        epochs.Options(
            architectures=("rrn-golden",),
            members=(4,),
            members_per_device=2,
            repetitions=1,
            warm_up=0,
            updates=7,
            time_steps=6,
            output=output,
        )
    )
    four, without, with_ = rows_of(output)
    assert four["groups_one"] == "1 x 2 members"
    assert float(four["cores_ratio"]) > 0
    assert float(with_["recurrence_ratio"]) == 1.0
    for row in (without, with_):
        shared = float(row["preparation_seconds"]) / 64
        assert float(row["preparation_a_run"]) == pytest.approx(shared)
        assert float(row["seconds_a_run"]) > shared
    assert "rrn-golden-unconnected" in capsys.readouterr().out


@pytest.mark.slow
def test_paper(tmp_path, capsys):
    output = tmp_path / "paper.csv"
    paper.run(
        paper.Options(
            architectures=("rrn-golden-unconnected", "rnn"),
            members_per_device=2,
            devices=1,
            repetitions=1,
            warm_up=0,
            updates=7,
            steps=1,
            pool_size=1200,
            time_steps=6,
            output=output,
        )
    )
    free, rnn, total = rows_of(output)
    assert (free["against"], rnn["against"]) == ("torch loop", "torch.nn.RNN")
    for name in ("project_hours", "torch_hours"):
        assert float(total[name]) == pytest.approx(float(free[name]) + float(rnn[name]), rel=1e-6)
    assert float(total["ratio"]) == pytest.approx(
        float(total["torch_hours"]) / float(total["project_hours"]), rel=1e-6
    )
    # 54 and 10 runs in groups of two; 430 updates and a validation of 5,000 digits 30 times.
    assert rnn["num_groups"] == "32"
    step, predict = (float(rnn[f"torch_ms_a_{name}"]) for name in ("step", "prediction"))
    hours = (64 * 12_900 * step + (64 * 30 * 10 + 10 * 20) * predict) / 3.6e6
    assert float(rnn["torch_hours"]) == pytest.approx(hours, rel=1e-6)
    trained = 64 * 12_900 * float(rnn["project_ms_an_update"]) / 3.6e6
    assert trained < float(rnn["project_hours"])
    assert "| in all |" in capsys.readouterr().out


def test_members_are_those_of_the_published_search():
    work = groups.Work("lstm", (54,), 54, updates=7, pool_size=1200, time_steps=6)
    members = work.members()
    rows = zip(members.seed.tolist(), *(x.tolist() for x in members.hyperparameters), strict=True)
    assert len(set(rows)) == 54
    assert set(members.seed.tolist()) == {123, 456, 789}
    assert members.train.shape == (54, 7 * 128)
    assert members.validation.shape == (54, round(5000 * 7 / 430))
    for seed_rows in (members.train[0], members.validation[0], members.test[0]):
        assert len(np.unique(seed_rows)) == len(seed_rows)
    assert not set(members.train[0]) & set(members.validation[0])


@pytest.mark.parametrize(("counts", "largest"), [((54, 10), 6), ((54,), 4), ((1,), None)])
def test_plans_are_those_of_the_experiment(counts, largest):
    work = groups.Work("rnn", counts, 1, members_per_device=largest)
    expected = plan_groups(counts, min(len(jax.devices()), max(counts)), largest or 6)
    assert work.plan() == expected


def test_turns_go_round_and_the_first_is_left_out():
    order = []

    def turn(name):
        return lambda: order.append(name) or float(len(order))

    times = harness.take_turns({name: turn(name) for name in "ab"}, repetitions=2, warm_up=1)
    assert order == list("ababab")
    assert {name: x.tolist() for name, x in times.items()} == {"a": [3.0, 5.0], "b": [4.0, 6.0]}


@pytest.mark.parametrize(
    ("options", "changes", "message"),
    [
        (training_step.Options, {"models": ("gru",)}, "models holds 'gru'"),
        (training_step.Options, {"members": (0,)}, "members holds 0"),
        (training_step.Options, {"pixels": "round"}, "pixels holds 'round'"),
        (training_step.Options, {"batch_size": 1}, "batch_size is 1; it must be at least 2"),
        (epochs.Options, {"updates": 6}, "updates is 6; it must be at least 7"),
        (epochs.Options, {"members": (1, 1)}, "members is"),
        (paper.Options, {"architectures": ("gru",)}, "architectures holds 'gru'"),
        (paper.Options, {"repetitions": 0}, "repetitions is 0"),
    ],
)
def test_what_cannot_be_timed_is_refused_by_name(options, changes, message):
    with pytest.raises(ValueError, match=message):
        options(**changes)


def test_a_pool_too_small_is_refused():
    with pytest.raises(ValueError, match="pool_size is 100; it must be at least 1140"):
        groups.Work("rnn", (1,), 1, updates=7, pool_size=100).split(1)
