"""The explorer's numbers are those of rhythmic: its functions run in a browser, ours beside them.

Both are float64. Numbers agree to a relative 1e-6, NaN with NaN and infinity with infinity. States
of a trajectory, which cross zero, are held against the largest state up to then; complex answers
against their modulus; weights of an oscillator against the modulus of their roots; distances from
a rung, which are 0 on it, against one rung.
"""

import json
from typing import Any

import numpy as np
import pytest

from rhythmic import rhythms, theory
from rhythmic.rhythms.spacing import rung_offset
from rhythmic.rhythms.sums import joined_distance
from rhythmic.theory.continuous import sampled_oscillator_response
from rhythmic.theory.oscillator import Scheme, backward_difference_distortion, forcing_weights

TOLERANCE = 1e-6
STEPS = 60
SCHEMES: tuple[Scheme, ...] = ("exact", "backward_difference")


def weight_points() -> np.ndarray:
    """All regimes, both sides of the double roots and of |root| = 1, and the exact places."""
    rng = np.random.default_rng(7)
    anywhere = np.stack([rng.uniform(-2.4, 2.4, 140), rng.uniform(-1.4, 1.4, 140)], -1)
    w1 = rng.uniform(-2.2, 2.2, 48)
    near = np.tile([1e-12, 1e-9, 1e-6, 1e-3], 12) * np.repeat([1, -1], 24)
    double = np.stack([w1, -0.25 * w1 * w1 * (1 + near)], -1)
    circle = np.stack([rng.uniform(-1.9, 1.9, 48), -1 + near], -1)
    edge_w2 = rng.uniform(-0.9, 0.9, 48)
    edges = np.stack([rng.choice([-1, 1], 48) * (1 - edge_w2) * (1 + near), edge_w2], -1)
    exact = [[0, 0], [2, -1], [-2, -1], [0, 1], [1, 0], [-1, 0], [0, -1], [1.5, -1], [0.5, 0.5]]
    exact += [[-0.5, 0.5], [1.75, -0.765625], [-1, -0.25], [0.9, 0], [-0.9, 0], [0, 0.5], [0, -0.5]]
    exact += [[2, 0], [-2, 0], [2.25, -1.265625], [0.5, -1], [0, 1.25]]
    return np.concatenate([anywhere, double, circle, edges, exact])


@pytest.fixture(scope="module")
def points() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(8)
    weights = weight_points()
    count = len(weights)
    return {
        "w1": weights[:, 0],
        "w2": weights[:, 1],
        "dt": 1 / rng.uniform(50, 2000, count),
        "h0": rng.normal(size=count),
        "h1": rng.normal(size=count),
        "share": 0.5 * 10 ** rng.uniform(-3, 0, count),  # of the sample rate: the drive's frequency
        "drive": rng.normal(size=(count, STEPS + 1)),
    }


@pytest.fixture(scope="module")
def of_weights(ask, points) -> dict[str, Any]:
    """What the page's functions give at every pair of weights."""
    given = json.dumps({name: values.tolist() for name, values in points.items()})
    probe = f"""
    const given = {given}, r = window.rhythmic, rows = given.w1.map((w1, k) => {{
      const [w2, dt, h0, h1] = [given.w2[k], given.dt[k], given.h0[k], given.h1[k]];
      const f = given.share[k] / dt;
      return {{
        roots: r.roots(w1, w2).map(({{ real, imaginary }}) => [real, imaginary]),
        regime: r.regime(w1, w2),
        flags: [r.isStable(w1, w2), r.isOscillatory(w1, w2)],
        radius: r.poleRadius(w1, w2), frequency: r.frequency(w1, w2, dt),
        decay: r.decayTime(w1, w2, dt),
        free: Array.from(r.trajectory(w1, w2, h0, h1, {STEPS})),
        driven: Array.from(r.drivenTrajectory(w1, w2, given.drive[k])),
        ringing: Array.from({{ length: {STEPS + 1} }}, (_, t) => r.ringing(w1, w2, t)),
        response: Object.values(r.frequencyResponse(w1, w2, f, dt)), gain: r.gain(w1, w2, f, dt),
        oscillator: r.SCHEMES.map((s) => Object.values(r.oscillatorFromWeights(w1, w2, dt, s))),
      }};
    }});
    answer(rows);
    """
    rows = ask(probe)
    return {name: [row[name] for row in rows] for name in rows[0]}


def floats(values: Any) -> np.ndarray:
    """An array of what came through JSON, where NaN and infinity are words."""
    return np.array(values, dtype=np.float64)


def agree(found: Any, expected: Any, size: Any = None) -> None:
    """Relative to the expected number, or to a size given for those that cross zero."""
    found, expected = floats(found), np.asarray(expected, np.float64)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    same = (found == expected) | np.isnan(expected)
    with np.errstate(invalid="ignore"):
        error = np.abs(found - expected)
    size = np.abs(expected) if size is None else np.broadcast_to(size, expected.shape)
    assert np.all(same | (error <= TOLERANCE * size))


def test_roots_and_regimes_are_those_of_theory(points, of_weights):
    w1, w2 = points["w1"], points["w2"]
    roots = theory.second_order_roots(w1, w2)
    agree(of_weights["roots"], np.stack([roots.real, roots.imag], -1))
    codes = theory.second_order_regime(w1, w2)
    assert of_weights["regime"] == [theory.SecondOrderRegime(code).name for code in codes]
    flags = np.stack([theory.is_stable(w1, w2), theory.is_oscillatory(w1, w2)], -1)
    np.testing.assert_array_equal(of_weights["flags"], flags)


def test_frequency_decay_and_radius_are_those_of_theory(points, of_weights):
    w1, w2, dt = points["w1"], points["w2"], points["dt"]
    agree(of_weights["radius"], theory.pole_radius(w1, w2))
    agree(of_weights["frequency"], theory.node_frequency(w1, w2, dt))
    agree(of_weights["decay"], theory.decay_time(w1, w2, dt))


@pytest.mark.usefixtures("x64")
def test_trajectories_are_those_of_theory(points, of_weights):
    w1, w2 = points["w1"], points["w2"]
    drive = points["drive"].T
    runs = {
        "free": theory.second_order_trajectory(w1, w2, points["h0"], points["h1"], STEPS),
        "driven": theory.second_order_trajectory(
            w1, w2, drive[0], w1 * drive[0] + drive[1], STEPS, drive
        ),
        "ringing": theory.second_order_trajectory(w1, w2, np.ones_like(w1), 0.5 * w1, STEPS),
    }
    for name, run in runs.items():
        expected = np.asarray(run).T
        assert expected.dtype == np.float64
        agree(of_weights[name], expected, np.maximum.accumulate(np.abs(expected), axis=1))


def test_gains_are_those_of_theory(points, of_weights):
    dt = points["dt"]
    response = theory.frequency_response(points["w1"], points["w2"], points["share"] / dt, dt)
    agree(of_weights["gain"], np.abs(response))
    parts = np.stack([response.real, response.imag], -1)
    agree(of_weights["response"], parts, np.abs(response)[:, None])


def test_both_schemes_find_the_oscillator_that_theory_finds(points, of_weights):
    for place, scheme in enumerate(SCHEMES):
        found = floats(of_weights["oscillator"])[:, place]
        expected = theory.oscillator_from_weights(points["w1"], points["w2"], points["dt"], scheme)
        agree(found, np.stack(expected, -1))
        assert 0.2 < np.mean(np.isfinite(found)) < 0.9


def oscillators() -> dict[str, np.ndarray]:
    """Under-, over- and critically damped ones, growing ones, and steps from fine to coarse."""
    rng = np.random.default_rng(9)
    omega = 2 * np.pi * 10 ** rng.uniform(-1, 2.3, 160)
    ratio = np.concatenate([rng.uniform(0, 1, 60), rng.uniform(1, 6, 40), rng.uniform(-1, 0, 20)])
    near = 1 + np.tile([0, 1e-9, -1e-9, 1e-4, -1e-4], 8)
    beta = omega * np.concatenate([ratio, near])
    return {
        "omega": omega,
        "beta": beta,
        "dt": 10 ** rng.uniform(-2.5, 0.4, 160) / np.maximum(omega, np.abs(beta)),
        "force": omega / (2 * np.pi) * 10 ** rng.uniform(-1, 1, 160),
        "time": rng.uniform(0, 4, 160) / np.maximum(omega, np.abs(beta)),
    }


def test_both_discretisations_are_those_of_theory(ask):
    given = oscillators()
    omega, beta, dt, force = (given[name] for name in ("omega", "beta", "dt", "force"))
    probe = f"""
    const given = {json.dumps({name: values.tolist() for name, values in given.items()})};
    const r = window.rhythmic;
    answer(given.omega.map((omega, k) => {{
      const [beta, dt, force, t] = [given.beta[k], given.dt[k], given.force[k], given.time[k]];
      return {{
        weights: r.SCHEMES.map((s) => Object.values(r.weightsFromOscillator(omega, beta, dt, s))),
        taps: r.SCHEMES.map((s) => r.forcingWeights(omega, beta, dt, s)),
        sampled: r.SCHEMES.map((s) =>
          Object.values(r.sampledOscillatorResponse(omega, beta, force, dt, s))),
        motion: Object.values(r.oscillatorMotion(omega, beta, t, 0.7, 3 * omega)),
        response: Object.values(r.oscillatorResponse(omega, beta, force)),
        distortion: Object.values(r.backwardDifferenceDistortion(omega, beta, dt)),
        poles: Object.values(r.weightsFromPoles(omega / 50, Math.abs(beta) / 100, dt)),
      }};
    }}));
    """
    rows = ask(probe)
    found = {name: floats([row[name] for row in rows]) for name in rows[0]}
    for place, scheme in enumerate(SCHEMES):
        weights = theory.weights_from_oscillator(omega, beta, dt, scheme)
        size = np.stack([np.maximum(np.abs(weights.w1), np.sqrt(-weights.w2)), -weights.w2], -1)
        agree(found["weights"][:, place], np.stack(weights, -1), size)
        taps = forcing_weights(omega, beta, dt, scheme)
        agree(found["taps"][:, place], np.stack(taps, -1))
        sampled = sampled_oscillator_response(omega, beta, force, dt, scheme)
        parts = np.stack([sampled.real, sampled.imag], -1)
        agree(found["sampled"][:, place], parts, np.abs(sampled)[:, None])
    motion = [
        np.array(theory.oscillator_motion(o, b, [t], 0.7, 3 * o)).ravel()
        for o, b, t in zip(omega, beta, given["time"], strict=True)
    ]
    energy = np.hypot(np.array(motion)[:, :1], np.array(motion)[:, 1:] / omega[:, None])
    agree(found["motion"], motion, energy * np.stack([np.ones_like(omega), omega], -1))
    response = theory.oscillator_response(omega, beta, force)
    parts = np.stack([response.real, response.imag], -1)
    agree(found["response"], parts, np.abs(response)[:, None])
    distortion = np.stack(backward_difference_distortion(omega, beta, dt), -1)
    agree(found["distortion"], distortion)
    assert 0 < np.isnan(distortion).any(axis=1).sum() < len(distortion)
    poles = theory.weights_from_poles(omega / 50, np.abs(beta) / 100, dt)
    agree(found["poles"], np.stack(poles, -1), np.stack([np.abs(beta) / 50, -poles.w2], -1))


@pytest.mark.usefixtures("x64")
def test_ladders_bands_and_names_are_those_of_rhythmic(ask):
    rng = np.random.default_rng(10)
    ratios = [*rng.uniform(1.05, 4, 30), theory.GOLDEN_RATIO, 1.618, 2.0, 2.718]
    starts = [*rng.uniform(0.1, 100, 30), 2.0, 2.0, 2.0, 2.0]
    pairs = [(m, n) for n in range(1, 9) for m in range(n)]
    found = ask(f"""
    const r = window.rhythmic, ratios = {json.dumps(ratios)}, starts = {json.dumps(starts)};
    const refused = (act) => {{ try {{ act(); }} catch (e) {{ return e.constructor.name; }} }};
    answer({{
      ladders: ratios.map((ratio, k) => r.geometricLadder(ratio, starts[k], 1000)),
      days: ratios.map((ratio, k) => r.dayLadder(36, 86160 * starts[k], ratio)),
      neighbours: r.neighbours(r.geometricLadder(r.GOLDEN_RATIO), r.GOLDEN_RATIO),
      sums: {json.dumps(pairs)}.map(([m, n]) => r.sumRatio(m, n)),
      offsets: ratios.map((ratio, k) => r.rungOffset(17, starts[k], ratio)),
      distances: ratios.map((ratio) => r.joinedDistance(ratio)),
      joined: ratios.map((ratio, k) => r.joinedFrequency(ratio, starts[k])),
      golden: ratios.map(r.isGolden), day: r.SIDEREAL_DAY, ratio: r.GOLDEN_RATIO,
      bands: r.BANDS, examples: r.EXAMPLES, regimes: r.REGIMES,
      refused: [
        refused(() => r.geometricLadder(1)), refused(() => r.geometricLadder(2, 250)),
        refused(() => r.geometricLadder(2, 2, 0)), refused(() => r.dayLadder(0)),
        refused(() => r.dayLadder(36, -1)), refused(() => r.sumRatio(3, 3)),
      ],
    }});
    """)
    for k, (ratio, start) in enumerate(zip(ratios, starts, strict=True)):
        agree(found["ladders"][k], theory.geometric_ladder(ratio, start=start))
        day = theory.day_ladder(day=86160 * start, ratio=ratio)
        assert [rung["power"] for rung in found["days"][k]] == day.power.tolist()
        assert [rung["label"] for rung in found["days"][k]] == list(day.label)
        agree([rung["period"] for rung in found["days"][k]], day.period)
        agree([rung["frequency"] for rung in found["days"][k]], day.frequency)
        joined = rhythms.joined_frequency(ratio, start)
        agree(found["joined"][k], joined)
    agree(found["sums"], [rhythms.sum_ratio(m, n) for m, n in pairs])
    seventeen = np.full(len(ratios), 17.0)
    offsets = rung_offset(seventeen, np.array(starts), np.array(ratios))
    agree(found["offsets"], offsets, 1.0)
    agree(found["distances"], joined_distance(np.array(ratios)), 1.0)
    assert found["golden"] == [rhythms.ratio_name(ratio) == "golden" for ratio in ratios]
    assert (found["day"], found["ratio"]) == (theory.SIDEREAL_DAY, theory.GOLDEN_RATIO)
    bands = [(band["name"], band["low"], band["high"]) for band in found["bands"]]
    assert bands == [band[:3] for band in rhythms.catalogue("eeg")]
    lecture = [(band.name, band.centre) for band in rhythms.catalogue("lecture")]
    assert [(one["name"], one["centre"]) for one in found["examples"]] == lecture[1:]
    assert found["regimes"] == [regime.name for regime in theory.SecondOrderRegime]
    assert found["refused"] == ["RangeError"] * 6
    golden = theory.geometric_ladder(theory.GOLDEN_RATIO)
    agree([pair["sum"] for pair in found["neighbours"][:-1]], golden[2:])
    agree([pair["difference"] for pair in found["neighbours"][1:]], golden[:-2])
    agree([pair["joined"] for pair in found["neighbours"][1:]], golden[:-2])
