"""What recurrence adds: networks that differ in one thing, pairs of one cell, drawn HORNs."""

import equinox as eqx
import jax
import numpy as np

from experiments.compare import recurrence as question
from experiments.compare.recurrence import (
    HORN_ALIKE,
    HORN_DRAWN,
    NETWORKS,
    alike_label,
    conditions,
    label_of,
)
from rhythmic.training import MemberTraining, make_members
from tests.experiments.compare.made_up import found, rows_of, small, verdicts

FULL = small("recurrence")


def test_homogeneous_ladders_share_a_program():
    made = conditions(FULL)
    assert len({c.program() for c in made if c.label.startswith("11 nodes at")}) == 1


def test_further_seeds_of_the_unconnected_network_have_no_partners():
    text = found("recurrence", FULL, rows_of("recurrence", FULL))["recurrence"].text
    assert "(n = 10), unconnected, energy" in text
    assert text.count("n = 10") == 2


def test_what_is_crossed_differs_in_one_thing():
    made = {condition.label: condition.architecture for condition in conditions(FULL)}
    sizes = {}
    for label in ("golden, energy", "golden, mean", "double, energy", "real, mean"):
        model = made[label].build(1, 10, key=jax.random.key(0))
        sizes[label] = sum(x.size for x in jax.tree.leaves(model.cell.recurrent_weights))
        assert model.feature == ("output" if label.endswith("mean") else "squared_amplitude")
    assert set(sizes.values()) == {121}
    built = {
        name: made[label_of(name, "mean")].build(1, 10, key=jax.random.key(3)).cell
        for name in ("golden", "double", "real", "unconnected")
    }
    # Same start values, other rhythms: golden rings, its twins do not.
    for twin in ("double", "real"):
        np.testing.assert_array_equal(
            built["golden"].recurrent_weights, built[twin].recurrent_weights
        )
    rings = {
        name: np.asarray(cell.nodes.w1, np.float64) ** 2 + 4 * np.asarray(cell.nodes.w2, np.float64)
        for name, cell in built.items()
    }
    assert (rings["golden"] < 0).all()
    assert (rings["real"] > 0).all()
    np.testing.assert_array_equal(rings["unconnected"], rings["golden"])
    # A double pole is split by rounding alone.
    assert np.abs(rings["double"]).max() < 1e-6


def test_networks_of_one_cell_are_pairs_and_start_from_the_same_weights():
    made = {condition.label: condition.architecture for condition in conditions(FULL)}
    weights = {"rrn": "recurrent_weights", "rnn": "weight_hh", "lstm": "weight_hh"}
    paired = [claim for claim in question.CLAIMS[:-2] if claim.paired]
    assert len(paired) == 8
    assert "rhythm-rnn-energy" not in {claim.name for claim in paired}
    for claim in paired:
        cells = [
            made[label].build(1, 10, key=jax.random.key(3)).cell
            for label in (claim.better, claim.worse)
        ]
        assert type(cells[0]) is type(cells[1])
        if claim.name != "recurrence":
            own = [
                getattr(cell, weights[NETWORKS[claim.better.partition(",")[0]][0]])
                for cell in cells
            ]
            np.testing.assert_array_equal(*own)
    alike, drawn = (made[x].build(1, 10, key=jax.random.key(3)) for x in (HORN_ALIKE, HORN_DRAWN))
    np.testing.assert_array_equal(alike.cell.weight_hh, drawn.cell.weight_hh)
    np.testing.assert_array_equal(alike.readout.weight, drawn.readout.weight)


def test_the_homogeneous_rival_is_chosen_on_validation_alone():
    labels = [alike_label(frequency) for frequency in FULL.frequencies]
    # The best in the test is not the best in validation, which decides.
    for effects, validation, expected in (
        ({labels[0]: 0.1, labels[2]: -0.05}, {labels[0]: 0.0, labels[2]: 0.01}, "supported"),
        ({labels[0]: 0.1}, {labels[0]: 0.01}, "contradicted"),
    ):
        rows = rows_of("recurrence", FULL, effects, validation, spread=0.001)
        chosen = labels[2] if expected == "supported" else labels[0]
        finding = found("recurrence", FULL, rows)["heterogeneous-rrn"]
        assert verdicts([finding]) == [expected]
        assert chosen in finding.text


def test_the_frequency_of_rows_is_among_the_candidates():
    for name in ("full", "accelerator"):
        assert min(abs(f - 1000 / 28) for f in question.PRESETS[name].frequencies) < 1e-9


def test_every_seed_has_a_horn_of_its_own_draw():
    drawn = next(c for c in conditions(FULL) if c.label == HORN_DRAWN)
    training = MemberTraining(drawn.architecture, drawn.training)
    members = make_members(
        drawn.pool.split,
        seeds=drawn.seeds[:3],
        learning_rate=(0.01,) * 3,
        weight_decay=(0.0,) * 3,
        label_smoothing=(0.0,) * 3,
    )
    cell = eqx.filter_jit(jax.vmap(training.fixed_part))(members).cell
    for values, middle in ((cell.angular_frequency.values, 0.224), (cell.damping.values, 0.01)):
        assert len(np.unique(values)) == values.size == 33
        assert (values > middle / 2).all()
        assert (values < middle * 2).all()
