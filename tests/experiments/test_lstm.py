"""What the numbers of the LSTM experiment are and what its answer says about them."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.lstm import (
    EXPERIMENT,
    PRESETS,
    answer,
    drawn_seed,
    kept_memory,
    phases,
    recall,
    summarise,
    train_and_test,
)

OPTIONS = replace(
    PRESETS["smoke"], longest_lags=(3,), shown_lag=2, num_seeds=1, learning_rates=(0.1,)
)


@pytest.mark.slow
def test_a_trained_lstm_recalls_and_a_shut_gate_makes_it_guess():
    options = replace(OPTIONS, num_updates=150)
    found = train_and_test(options, "lstm")
    assert found["accuracy"].shape == (1, 1)
    assert found["accuracy"][0, 0] > 0.95
    assert found["intact"][0] > 0.95
    assert found["failed_at_step"] == -1
    # With the input gates shut nothing is stored, every sequence gets the same answer, and the
    # accuracy is the share of that answer.
    share = found["classes"].mean()
    assert found["held"].shape == (1, 3, 3)
    assert min(abs(found["held"][0, 0, 2] - p) for p in (share, 1 - share)) < 1e-6
    assert found["gates"].shape == (1, 3, 4, 256)
    # The node tells the symbols apart from the flag, at step 1, to the last step before the cue.
    separation = found["separation"][0]
    best = separation[1:3].min(axis=0).argmax()
    classes = found["classes"]
    node = found["node"][0]
    zero, one = node[:, classes == 0], node[:, classes == 1]
    spread = np.sqrt((zero.var(axis=1) + one.var(axis=1)) / 2)
    apart = np.abs(one.mean(axis=1) - zero.mean(axis=1)) / spread
    np.testing.assert_allclose(apart[1:3], separation[1:3, best], rtol=1e-3)


def made_up(options):
    rng = np.random.default_rng(2)
    num_lags, num_steps = len(options.longest_lags), options.longest_lags[-1] + 1
    results = {}
    for place, model in enumerate(options.models):
        accuracy = np.full((num_lags, 3), 0.5 + 0.1 * place)
        results |= {
            f"{model}_accuracy": accuracy,
            f"{model}_learning_rate": np.full(num_lags, 0.03),
            f"{model}_validation_loss": np.tile([0.3, 0.1, 0.2], (num_lags, 1)),
            f"{model}_failed_at_step": np.full((num_lags, 3), -1),
            f"{model}_num_parameters": np.array(99),
            f"{model}_node": rng.normal(size=(3, num_steps, 20)),
        }
    stored = num_steps - 1 - options.shown_lag
    gates = np.full((3, 3, num_steps, 20), 0.25)
    gates[:, 0, stored] = 0.9
    gates[:, 1] = np.array([0.99, 0.9, 0.985])[:, None, None]
    gates[:, 2, -1] = 0.75
    return results | {
        "lstm_gates": gates,
        "lstm_mean_gates": rng.random((3, 3, num_steps, 4)),
        "lstm_separation": rng.random((3, num_steps, 4)),
        "lstm_intact": np.array([1.0, 1.0, 0.94]),
        "lstm_held": np.array([[[0.6, 0.51, 0.5], [0.7, 0.83, 0.5], [0.8, 0.99, 0.5]]] * 3),
        "lstm_classes": np.arange(20) % 2,
        "lstm_inputs": rng.random((num_steps, 4)).round(),
    }


def test_phases_are_where_the_flag_and_the_cue_are():
    options = PRESETS["quick"]
    found = {phase: x[0].tolist() for phase, x in phases(options, made_up(options)).items()}
    assert found["before the flag"] == pytest.approx([0.25, 0.99, 0.25])
    assert found["at the flag"] == pytest.approx([0.9, 0.99, 0.25])
    assert found["until the cue"] == pytest.approx([0.25, 0.99, 0.25])
    assert found["at the cue"] == pytest.approx([0.25, 0.99, 0.75])


def test_kept_memory_is_what_the_forget_gate_leaves_of_it():
    options = PRESETS["quick"]
    results = made_up(options)
    kept = kept_memory(options, results)
    np.testing.assert_allclose(kept, np.array([0.99, 0.9, 0.985]) ** 40, rtol=1e-12)
    # What happens up to the flag does not count, what happens at the cue does.
    results["lstm_gates"][:, 1, :21] = 0.0
    results["lstm_gates"][:, 1, -1] = 0.5
    expected = 0.5 * np.array([0.99, 0.9, 0.985]) ** 39
    np.testing.assert_allclose(kept_memory(options, results), expected, rtol=1e-12)


def test_answer_and_tables_state_the_numbers():
    options = PRESETS["quick"]
    results = made_up(options)
    line = answer(options, results)
    assert "\n" not in line
    for said in (
        "in 2 of 3 LSTMs one cell keeps over half of its own for 40 steps (forget gate 0.988;",
        "input gate 0.90 at the marked symbol, 0.25 at distractors)",
        "After 60 steps of distractors recall is RNN 0.50 (99 parameters), LSTM 0.60 (99",
        "rhythmic RNN 0.70 (99 parameters) (chance 0.50)",
        "the LSTMs' 0.98 at 40 steps becomes 0.51, 0.83, 0.99",
    ):
        assert said in line
    leaky = results | {"lstm_gates": results["lstm_gates"] * 0.9}
    assert "in 0 of 3 LSTMs one cell keeps over half of its own for 40 steps. " in answer(
        options, leaky
    )
    results["rnn_accuracy"][-1] = [0.4, 0.5, 0.99]
    table = summarise(options, results)
    # Student's t reaches from -0.154 to 1.414.
    assert "95 % interval at 60: [0.000, 1.000]" in table
    assert "clipped to [0, 1]" in table
    assert max(map(len, table.splitlines())) <= 100
    assert "stopped being finite: 0" in table


def test_figures_are_drawn_from_the_arrays():
    options = PRESETS["quick"]
    results = made_up(options)
    assert drawn_seed(results) == 1
    figures = EXPERIMENT.draw(options, results)
    assert list(figures) == ["lstm", "gates_by_symbol", "all_cells"]
    assert len(figures["lstm"].axes) == 6


def test_lags_share_one_length():
    assert recall(PRESETS["quick"], 1, 5).num_steps == recall(PRESETS["quick"], 60, 60).num_steps
