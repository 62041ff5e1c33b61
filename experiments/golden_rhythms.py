"""``python -m experiments.golden_rhythms``: eight oscillators that one gain rhythm can connect."""

import numpy as np
from matplotlib.figure import Figure

from experiments.golden_rhythms_trials import DRIVER, NAMED, PRESETS, GoldenOptions, measure
from experiments.script import Experiment, main
from experiments.stages import Results
from rhythmic.coupled.selectivity import (
    PeakPlaces,
    Selectivity,
    answer_peaks,
    answers,
    peak_places,
    rank,
    selectivity_scores,
)
from rhythmic.coupled.sweep import RungResponses
from rhythmic.plotting.golden import (
    response_figure,
    routing_figure,
    selectivity_figure,
    sweep_figure,
)

SHOWN_RUNG = 5  # phi^7 = 29.0 Hz, the gain frequency of the published example
OTHER_THRESHOLDS = (3.0, 6.0)


def trials(results: Results, name: str) -> RungResponses:
    """Return the responses of one set of ladders: named, ratio or rungs."""
    return RungResponses(*(results[f"{name}_{field}"] for field in RungResponses._fields))


def scores(results: Results, name: str, threshold: float) -> Selectivity:
    """Return the selectivity of one set of ladders."""
    return selectivity_scores(trials(results, name).answers(DRIVER, threshold), DRIVER)


def swept_peaks(options: GoldenOptions, results: Results) -> tuple[np.ndarray, PeakPlaces]:
    """Return where the swept ladders answer, the named ones first, and which of them are stable."""
    sets = [trials(results, name) for name in ("named", "ratio")]
    frequencies, constant, stable = (
        np.concatenate([getattr(trial, name) for trial in sets])[: len(results["sweep_response"])]
        for name in ("frequencies", "constant", "stable")
    )
    peaks = answer_peaks(results["sweep_response"], constant, DRIVER, options.threshold)
    gain = results["sweep_frequency"]
    return stable, peak_places(peaks, gain, frequencies, DRIVER, options.tolerance)


def share_on_rungs(places: PeakPlaces) -> np.ndarray:
    """Return the share of every ladder's answers that fall on a rung; 0 if nothing answers."""
    return places.at_rungs / np.maximum(places.peaks, 1)


def summarise(options: GoldenOptions, results: Results) -> str:
    """Return the numbers."""
    golden = trials(results, "named")
    nodes, heard = golden.frequencies[0], golden.relative()[0, SHOWN_RUNG]
    lines = [
        f"golden ladder, gain at {nodes[SHOWN_RUNG]:.2f} Hz: response over that to constant gain",
        f"{'node (Hz)':>10}" + "".join(f"{frequency:8.1f}" for frequency in nodes),
        f"{'times':>10}" + "".join(f"{times:8.1f}" for times in heard),
        "",
        *named_lines(options, results),
        "",
        *sweep_lines(options, results),
        "",
        *random_lines(options, results),
        "",
        *noise_lines(options, results),
    ]
    return "\n".join(lines)


def named_lines(options: GoldenOptions, results: Results) -> list[str]:
    """Return what the rungs of the named ladders do."""
    named = trials(results, "named")
    found = named.answers(DRIVER, options.threshold)
    expected = named.targets(DRIVER, options.tolerance)
    score = scores(results, "named", options.threshold)
    others = [scores(results, "named", x).selectivity for x in OTHER_THRESHOLDS]
    lines = [
        f"A node answers from {options.threshold:g} times its response to the constant gain, at a"
        f" peak within {options.tolerance:g} Hz of",
        "a rung. Pairs of rung and answering node; most nodes that answer to one rung; nodes that",
        "any rung reaches; sum and difference targets that answer; selectivity (1: every node has",
        f"a rhythm of its own), also with answers from {OTHER_THRESHOLDS[0]:g} and"
        f" {OTHER_THRESHOLDS[1]:g} times. Unstable: slow nodes run",
        "away under the constant gain alone.",
        f"{'ladder':>10}{'ratio':>8}{'pairs':>7}{'most':>6}{'reached':>9}{'targets':>10}"
        f"{'selectivity':>13}{'from 3, 6':>14}",
    ]
    for place, (name, ratio) in enumerate(NAMED.items()):
        hits = f"{(found & expected)[place].sum()} of {expected[place].sum()}"
        elsewhere = ", ".join(f"{values[place]:.2f}" for values in others)
        lines.append(
            f"{name:>10}{ratio:8.3f}{score.pairs[place]:7d}{score.best[place]:6d}"
            f"{score.reached[place]:9d}{hits:>10}{score.selectivity[place]:13.2f}{elsewhere:>14}"
            + ("" if named.stable[place] else "  unstable")
        )
    return lines


def sweep_lines(options: GoldenOptions, results: Results) -> list[str]:
    """Return where in the full sweep the swept ladders answer."""
    stable, places = swept_peaks(options, results)
    gain = results["sweep_frequency"]
    lines = [
        f"Peaks over {len(gain)} gain frequencies, {gain[0]:g} to {gain[-1]:g} Hz, from"
        f" {options.threshold:g} times the response to the",
        f"constant gain: share within {options.tolerance:g} Hz of the sum or difference of driver"
        " and answering node,",
        "and of a rung of the ladder, in brackets the share of the sweep that is so; sums and",
        "differences in the sweep that answer.",
        f"{'ladder':>10}{'peaks':>7}{'sum, difference':>18}{'on a rung':>14}{'that answer':>15}",
    ]
    rows = [(name, np.arange(len(stable)) == place) for place, name in enumerate(NAMED)]
    random = np.arange(len(stable)) >= len(NAMED)
    if random.any():
        rows += [("random", random & stable), ("random", random & ~stable)]
    for name, chosen in rows:
        of_rows = PeakPlaces(*(values[chosen] for values in places))
        peaks = of_rows.peaks.sum()
        shares = (
            f"{count.sum() / peaks:.0%} ({cover.mean():.0%})" if peaks else "-"
            for count, cover in (
                (of_rows.at_targets, of_rows.target_cover),
                (of_rows.at_rungs, of_rows.rung_cover),
            )
        )
        near, on = shares
        hits = f"{of_rows.answered.sum()} of {of_rows.targets.sum()}"
        note = f"  ladders: {chosen.sum()}" if name == "random" else ""
        note += "" if stable[chosen].all() else "  unstable"
        lines.append(f"{name:>10}{peaks:7d}{near:>18}{on:>14}{hits:>15}{note}")
    others = share_on_rungs(places)[random & stable]
    if others.size:
        below, _ = rank(share_on_rungs(places)[0], others)
        lines.append(
            f"On a rung, stable random ladders: median {np.median(others):.0%}, largest"
            f" {others.max():.0%}; golden is above {below:.0%} of them"
        )
    return lines


def random_lines(options: GoldenOptions, results: Results) -> list[str]:
    """Return where the golden ladder falls among the random ones."""
    lines = []
    for name, title in (("ratio", "one random ratio"), ("rungs", "random rungs")):
        stable = results[f"{name}_stable"]
        lines.append(f"{len(stable)} ladders of {title}, {stable.sum()} of them stable")
        if not stable.any():
            continue
        value = scores(results, name, options.threshold).selectivity[stable]
        below, equal = golden_rank(results, name, options.threshold)
        elsewhere = (golden_rank(results, name, x)[0] for x in OTHER_THRESHOLDS)
        lines += [
            f"  selectivity: median {np.median(value):.2f}, largest {value.max():.2f}",
            f"  golden is above {below:.0%} and level with {equal:.0%}"
            " (with answers from 3 and 6 times: above "
            f"{' and '.join(f'{share:.0%}' for share in elsewhere)})",
        ]
        if name == "ratio":
            best = np.sort(results["ratios"][stable][value == value.max()])
            lines.append("  most selective at ratio " + ", ".join(f"{x:.4f}" for x in best[:6]))
    return lines


def golden_rank(results: Results, name: str, threshold: float) -> tuple[float, float]:
    """Return the shares of stable random ladders that are less, and as selective as the golden."""
    golden = scores(results, "named", threshold).selectivity[0]
    return rank(golden, scores(results, name, threshold).selectivity[results[f"{name}_stable"]])


def noise_lines(options: GoldenOptions, results: Results) -> list[str]:
    """Return what noise leaves of the answers of the stable named ladders."""
    kept, false = in_noise(options, results)
    places = np.flatnonzero(results["named_stable"])
    lines = [
        "White force on every node, intensity in position / s^1.5: share of the answers found",
        f"again, and false ones a run; mean of {options.noise_seeds}. The threshold multiplies the"
        " mean response to",
        "constant gain and noise.",
        f"{'intensity':>10}" + "".join(f"{list(NAMED)[place]:>14}" for place in places),
    ]
    for level, kept_of, false_of in zip(options.noise_levels, kept, false, strict=True):
        cells = (f"{kept_of[place]:.0%} ({false_of[place]:.1f})" for place in places)
        lines.append(f"{level:10g}" + "".join(f"{cell:>14}" for cell in cells))
    return lines


def in_noise(options: GoldenOptions, results: Results) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of answers that noise leaves, and the false ones a run: (level, ladder)."""
    quiet = trials(results, "named").answers(DRIVER, options.threshold)
    constant = results["noise_constant"]
    floor = np.broadcast_to(constant.mean(1, keepdims=True), constant.shape)
    found = answers(results["noise_modulated"], floor, DRIVER, options.threshold)
    kept = (found & quiet).sum((-1, -2)).mean(1) / np.maximum(quiet.sum((-1, -2)), 1)
    return kept, (found & ~quiet).sum((-1, -2)).mean(1)


def reach(options: GoldenOptions, results: Results) -> tuple[float, float]:
    """Return the shares of nodes that answer a rung at their sum or difference, and at no such.

    Over all stable ladders and rungs; the driver is no such node.
    """
    found, expected = [], []
    for name in ("named", "ratio", "rungs"):
        trial = trials(results, name)
        found.append(trial.answers(DRIVER, options.threshold)[trial.stable])
        expected.append(trial.targets(DRIVER, options.tolerance)[trial.stable])
    hit, target = (np.delete(np.concatenate(tables), DRIVER, -1) for tables in (found, expected))
    return float(hit[target].mean()), float(hit[~target].mean())


def answer(options: GoldenOptions, results: Results) -> str:
    """Answer the lecture's question in one line."""
    named = trials(results, "named")
    nodes, times = named.frequencies[0], named.relative()[0, SHOWN_RUNG]
    found = np.flatnonzero(named.answers(DRIVER, options.threshold)[0, SHOWN_RUNG])
    heard = " and ".join(f"{nodes[k]:.1f} Hz ({times[k]:.1f}x)" for k in found)
    score = scores(results, "named", options.threshold).selectivity
    better = [
        f"{name} ({value:.2f})"
        for name, value, stable in zip(NAMED, score, named.stable, strict=True)
        if stable and value > score[0]
    ]
    at_targets, elsewhere = reach(options, results)
    ratios, rungs = (golden_rank(results, x, options.threshold)[0] for x in ("ratio", "rungs"))
    stable, places = swept_peaks(options, results)
    predicted = places.at_targets[stable].sum() / max(places.peaks[stable].sum(), 1)
    on_rungs = share_on_rungs(places)
    others = on_rungs[len(NAMED) :][stable[len(NAMED) :]]
    beside = f" (random ratios: median {np.median(others):.0%})" if others.size else ""
    return (
        f"Gain at {nodes[SHOWN_RUNG]:.1f} Hz makes {heard or 'no node'} answer the driver at "
        f"{nodes[DRIVER]:.1f} Hz. In stable ladders a rung reaches {at_targets:.0%} of the nodes "
        f"at its sum or difference with the driver, {elsewhere:.0%} of the others; in the full "
        f"sweep {predicted:.0%} of peaks lie at such places, {on_rungs[0]:.0%} of golden's on a "
        f"rung{beside}. Golden's selectivity, {score[0]:.2f}, is above {ratios:.0%} of random "
        f"ratios' and {rungs:.0%} of random rungs'; higher by name: {', '.join(better) or 'none'}."
    )


def draw(options: GoldenOptions, results: Results) -> dict[str, Figure]:
    """Draw responses, selectivity and routing tables."""
    named, stable = trials(results, "named"), results["rungs_stable"]
    found = scores(results, "named", options.threshold).selectivity
    marked = {
        name: (ratio, float(value), bool(steady))
        for (name, ratio), value, steady in zip(NAMED.items(), found, named.stable, strict=True)
    }
    return {
        "responses": response_figure(
            results["sweep_frequency"],
            results["sweep_response"][0],
            named.constant[0],
            named.frequencies[0],
            DRIVER,
            shown_gain=float(named.frequencies[0, SHOWN_RUNG]),
        ),
        "sweep": sweep_figure(
            [
                name if steady else f"{name} (unstable)"
                for name, steady in zip(NAMED, named.stable, strict=True)
            ],
            results["sweep_frequency"],
            results["sweep_response"][: len(NAMED)] / named.constant[..., None],
            named.frequencies,
            DRIVER,
        ),
        "selectivity": selectivity_figure(
            marked,
            results["ratios"],
            scores(results, "ratio", options.threshold).selectivity,
            results["ratio_stable"],
            scores(results, "rungs", options.threshold).selectivity[stable],
        ),
        "routes": routing_figure(
            list(NAMED),
            named.frequencies,
            named.relative(),
            named.answers(DRIVER, options.threshold),
            named.targets(DRIVER, options.tolerance),
        ),
    }


EXPERIMENT = Experiment(
    name="golden_rhythms",
    section="Golden rhythms",
    question="Which nodes can a gain rhythm connect?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
