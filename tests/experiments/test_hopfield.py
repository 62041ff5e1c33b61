"""The Hopfield experiment: its numbers come out as known, and its words say what they say."""

import dataclasses

import numpy as np
import pytest

from experiments import hopfield, hopfield_recall
from experiments.hopfield import PRESETS, answer, draw, summarise
from experiments.hopfield_recall import measure, stored_counts
from experiments.stages import Stages

OPTIONS = dataclasses.replace(
    PRESETS["smoke"],
    sizes=(40,),
    loads=(0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4),
    num_sets=25,
    num_tested=4,
    digit_counts=(3,),
    digits_shown=3,
    descent_units=40,
    descent_stored=20,
    descent_starts=20,
)


def made_up(options, halves):
    """Results in which sharp capacities lie midway between two loads."""
    results = {
        "digit_overlaps": np.ones((len(options.digit_counts), 2, 3, 5)),
        "digit_majority": np.full((len(options.digit_counts), 2, 5), 0.7),
        "asynchronous_energies": np.array([[0.0, -1.0, -1.0], [0.0, 0.0, -2.0]]),
        "synchronous_energies": np.array([[0.0, -1.0], [0.0, 2.0]]),
        "synchronous_period": np.array([1, 2]),
    }
    for size, capacity in zip(options.sizes, halves, strict=True):
        overlaps = np.ones((options.num_sets, len(stored_counts(options, size)), 2, 2, 3))
        loads = stored_counts(options, size) / size
        for rule, limit in enumerate((capacity, capacity / 2)):
            overlaps[:, loads > limit, rule] = 0.3
        results |= {f"overlaps_{size}": overlaps, f"converged_{size}": overlaps > 0.5}
    return results


@pytest.mark.slow
def test_the_known_capacity_and_its_half_come_out(results):
    found = hopfield.capacities(OPTIONS, results)
    half, none = found.values[:, 0, 0]
    # At N = 40 about twice the 0.138 of large networks, and about half of it at U = 0.
    assert 0.22 < half < 0.34
    assert 0.45 < none / half < 0.7
    assert found.values[0, 1, 0] < half
    assert results["converged_40"].all()


@pytest.mark.slow
def test_the_energy_falls_one_by_one_and_digits_are_hard_for_hebb_alone(results):
    assert (np.diff(results["asynchronous_energies"], axis=1) <= 0).all()
    assert (np.diff(results["synchronous_energies"], axis=1) > 0).any()
    assert set(results["synchronous_period"]) == {1, 2}
    hebb, centred, inverse = results["digit_overlaps"].mean(axis=(0, 1, 3))
    assert hebb < 0.9 < centred <= 1
    assert inverse == pytest.approx(1, abs=1e-12)
    assert results["digit_pictures"].shape == (5, 784, 4)
    flipped = (results["digit_pictures"][0] != results["digit_pictures"][1]).sum(axis=0)
    assert (flipped == 78).all()


@pytest.mark.slow
def test_parts_that_were_kept_are_not_computed_again(results, tmp_path, monkeypatch):
    stages = Stages(tmp_path)
    options = dataclasses.replace(OPTIONS, num_sets=30)
    calls = []

    def part(options, size, first, *, key):
        calls.append(first)
        return {"overlaps": np.full(2, first), "converged": np.ones(2, bool)}

    monkeypatch.setattr(hopfield_recall, "random_part", part)
    monkeypatch.setattr(hopfield_recall, "descent", lambda *_, **__: {"energies": np.zeros(1)})
    digits = {name: np.zeros(1) for name in ("digit_overlaps", "digit_majority", "digit_pictures")}
    monkeypatch.setattr(hopfield_recall, "digit_part", lambda *_, **__: digits)
    first, second = measure(options, stages), measure(options, stages)
    assert calls == [0, 25]
    np.testing.assert_array_equal(first["overlaps_40"], [0, 0, 25, 25])
    np.testing.assert_array_equal(second["overlaps_40"], first["overlaps_40"])


def test_summary_and_answer_say_what_the_arrays_hold():
    options = dataclasses.replace(
        OPTIONS, sizes=(50, 100), digit_counts=(3, 9), loads=tuple(np.arange(2, 13) / 50)
    )
    results = made_up(options, (0.21, 0.17))
    results["digit_overlaps"][1, :, 0] = 0.5
    text, line = summarise(options, results), answer(options, results)
    # Sharp steps: the share falls from 1 to 0 between the loads around the capacity.
    for size, capacity in ((50, 0.21), (100, 0.17)):
        # Sets that agree do not say how far others would lie off.
        assert f"{size:>12}       {capacity:.3f} no interval" in text
    assert line.startswith("About 0.138 patterns a unit in large networks (mean field): measured ")
    assert len(line) <= 330
    assert "measured 0.170 no interval at N = 100" in line
    assert "N = 100, U = 1/2 sum T (0.210 at N = 50; extrapolated: " in line
    line_in_root = 0.17 - 0.04 * 100**-0.5 / (50**-0.5 - 100**-0.5)
    assert f"extrapolated: {line_in_root:.3f} in N^(-1/2)" in line
    assert "rises in 0 of 4 updates" in text
    assert "rises from 1 states; 1 end in a fixed point, 1 in a cycle of two" in text
    assert "digits Hebb 6, centred over 9, pseudo-inverse over 9" in line
    results["digit_overlaps"][:, :, 2] = 0.5
    assert "pseudo-inverse below 3" in answer(options, results)


def test_the_answer_of_all_sizes_stays_short():
    options = dataclasses.replace(
        OPTIONS,
        sizes=(50, 100, 200, 400, 800),
        digit_counts=(3, 10, 300),
        loads=tuple(np.arange(4, 31) / 100),
    )
    results = made_up(options, (0.25, 0.22, 0.19, 0.17, 0.16))
    results["digit_overlaps"][1:, :, 0] = 0.5
    results["digit_overlaps"][2:, :, 1] = 0.5
    assert len(answer(options, results)) <= 330


@pytest.mark.slow
def test_the_figures_are_drawn_from_the_saved_arrays(results):
    figures = draw(OPTIONS, results)
    assert list(figures) == ["capacity", "corruption", "energy", "digits"]
    curves = figures["capacity"].axes[0].get_lines()[0]
    share = (results["overlaps_40"][:, :, 0, 0] > 0.95).mean(axis=(0, 2))
    np.testing.assert_allclose(curves.get_ydata(), share)
    np.testing.assert_allclose(curves.get_xdata(), OPTIONS.loads)


def test_the_full_preset_has_its_sets():
    assert PRESETS["full"].num_sets >= 100
    assert len(PRESETS["full"].sizes) >= 4
