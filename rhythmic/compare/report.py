"""A comparison as one page of HTML that fetches nothing, tables as CSV, verdicts as JSON."""

import html
import importlib.metadata
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rhythmic.arguments import checked
from rhythmic.compare.baselines import BASELINES
from rhythmic.compare.claims import Judged
from rhythmic.compare.plan import RHYTHMIC
from rhythmic.compare.run import Comparison
from rhythmic.compare.tables import band_rows, p_text, rhythm_rows, rounded, summary_rows
from rhythmic.compare.verdicts import (
    RANK,
    TEST,
    is_above,
    scores_of,
    tested_fraction,
    verdict_row,
)
from rhythmic.data.description import counted
from rhythmic.files import replacing
from rhythmic.records import write_json, write_table
from rhythmic.statistics import MIN_SEEDS_FOR_TEST
from rhythmic.statistics.resampled import resampled_mean

LABELS = {"balanced_accuracy": "balanced accuracy", "r2": "R²"}
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; }
table { border-collapse: collapse; font-size: .88rem; margin: .8rem 0; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
td.words { text-align: left; }
svg { max-width: 100%; height: auto; }
figcaption { color: #555; font-size: .85rem; }
figure { margin: 1rem 0; }
.source { color: #555; font-size: .85rem; }
.answer { border-left: 4px solid #E69F00; padding: .2rem 1rem; background: #fdf8ee; }
.doubt { border-left: 4px solid #D55E00; padding: .2rem 1rem; background: #fdf3ee; }
.scroll { overflow-x: auto; }
@media (min-width: 45rem) { td { white-space: nowrap; } td:first-child { white-space: normal; } }
@media (max-width: 30rem) { table { font-size: .62rem; } th, td { padding: .15rem; } }
"""


@checked
def write_report(found: Comparison, folder: Path, *, source: str = "") -> Path:
    """Write ``report.html``, ``summary.csv``, ``rhythms.csv``, ``bands.csv``, ``verdicts.json``.

    Args:
        found: the comparison.
        folder: where to.
        source: what the recordings are, or the command that made the page; its first line.

    Returns:
        The page's path.
    """
    tables = {"summary": summary_rows, "rhythms": rhythm_rows, "bands": band_rows}
    for name, rows_of in tables.items():
        write_table(folder / f"{name}.csv", [rounded(row) for row in rows_of(found)])
    write_json(
        folder / "verdicts.json",
        {
            "score": found.score,
            "margin": found.plan.margin,
            "verdicts": [verdict_row(one) for one in found.verdicts],
            "objections": found.objections,
        },
    )
    with replacing(folder / "report.html") as partial:
        partial.write_text(page(found, source), encoding="utf-8")
    return folder / "report.html"


def page(found: Comparison, source: str = "") -> str:
    """Return the page of HTML, with its source in the first line."""
    import matplotlib

    from rhythmic.plotting.style import house_style

    # The same page from the same rows: names within the figures follow from what they show.
    with house_style(), matplotlib.rc_context({"svg.hashsalt": "rhythmic"}):
        by = f"rhythmic {importlib.metadata.version('rhythmic')}"
        parts = [
            f'<p class="source">{f"<code>{_escaped(source)}</code> " if source else ""}{by}</p>',
            f"<h1>Is a rhythmic network better here, and which rhythms?</h1><p>{_said(found)}</p>",
            *_networks(found),
            *_rhythms(found),
            *_what_it_does(found),
            *_doubts(found),
            *_protocol(found),
        ]
    body = "\n".join(parts)
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    title = "<title>Comparison of networks</title>"
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}{title}<style>{STYLE}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )


def _said(found: Comparison) -> str:
    """Say what was recorded."""
    data, about = found.recordings, found.about
    seconds = data.lengths / data.sample_rate
    length = f"{seconds.min():.3g} to {seconds.max():.3g} s"
    if seconds.min() == seconds.max():
        length = f"{seconds.max():.3g} s"
    what = f"{len(data.classes)} classes" if data.classes else counted(data.num_outputs, "number")
    where = "at every step" if data.per_step else "per trial"
    groups = "no groups" if about["groups"] is None else f"{about['groups']} groups"
    return _escaped(
        f"{about['trials']} trials of {length}, {counted(about['channels'], 'channel')} at "
        f"{data.sample_rate:g} Hz, {what} {where}, {groups}."
    )


def _networks(found: Comparison) -> Iterable[str]:
    """Write the first answer: is rhythm better here?"""
    from rhythmic.plotting import comparison as draw

    claims = [one for one in found.verdicts if one.claim.question == "networks"]
    label = LABELS[found.score]
    yield "<h2>1. Is rhythm better here?</h2>"
    yield f'<div class="answer"><p>{_answer(claims, found.names)} {_best_baseline(found)}</p></div>'
    rows, titles = summary_rows(found), found.names
    scores = {row["cell"]: scores_of(found.rows[row["cell"]]) for row in rows}
    intervals = {row["cell"]: (row["low"], row["high"]) for row in rows}
    figure = draw.scores_figure(scores, intervals, titles, f"test {label}", found.chance)
    tests = sorted(set(found.rows[RHYTHMIC]["num_test"]))
    caption = (
        f"Test {label} of {found.plan.num_runs} runs (circles) of "
        f"{' to '.join(map(str, dict.fromkeys((tests[0], tests[-1]))))} test trials each, mean and "
        "95 % interval; none where runs do not differ."
    )
    yield _figure(figure, caption)
    yield _table(
        ("network", "nodes", "para\u00admeters", label, "95 % interval", "RRN − it", "p"),
        [
            (
                titles[row["cell"]],
                "" if row["hidden_size"] is None else str(row["hidden_size"]),
                str(row["num_parameters"]),
                _number(row["mean"]),
                _interval(row["low"], row["high"]),
                "" if row["difference"] is None else _signed(row["difference"]),
                "" if row["p"] is None else p_text(row["p"]),
            )
            for row in rows
        ],
    )


def _rhythms(found: Comparison) -> Iterable[str]:
    """Write the second answer: which rhythms?"""
    from rhythmic.plotting import comparison as draw

    row, label = found.rows[RHYTHMIC], LABELS[found.score]
    ladders = {
        name.removeprefix("ladder "): float(np.mean(scores_of(one)))
        for name, one in found.rows.items()
        if name.startswith("ladder ")
    }
    random = [
        value
        for name, value in ladders.items()
        if name.startswith("random") and math.isfinite(value)
    ]
    named = {name: value for name, value in ladders.items() if not name.startswith("random")}
    claims = [one for one in found.verdicts if one.claim.question == "rhythms"]
    yield "<h2>2. Which rhythms?</h2>"
    yield f'<div class="answer"><p>{_best_band(found)} {_answer(claims, {})}</p></div>'
    classes = [str(one) for one in found.recordings.classes]
    figure = draw.rhythms_figure(
        found.spectrum.frequency, found.spectrum.power, classes, row["nodes"], row["bands"]
    )
    yield _figure(
        figure,
        "Top: mean spectrum of the standardised recordings, by class where there are classes, with "
        "conventional ranges of brain rhythms. Middle: how far the test score falls without a band "
        "of a third of an octave, bands overlapping; thin lines are runs, and below zero the score "
        "rises, as by chance it may. Bottom: learned frequencies of the nodes and how far the "
        "score falls when a node's feature is permuted among trials; black ticks are the start "
        "values.",
    )
    if random:
        yield _figure(
            draw.ladders_figure(named, random, f"mean test {label}"),
            f"Fixed ladders of {len(found.rows['ladder log']['frequencies'])} frequencies: named "
            f"ones among {len(random)} random ones that span all that the recordings show.",
        )
    yield _table(
        ("ladder", "Hz", label),
        [
            (
                name,
                ", ".join(_three(x) for x in found.rows[f"ladder {name}"]["frequencies"]),
                _number(value),
            )
            for name, value in named.items()
        ],
    )
    if alike := _alike(found, list(named)):
        yield f"<p>{_escaped(alike)}</p>"


def _alike(found: Comparison, names: Sequence[str]) -> str:
    """Say which named ladders have the same frequencies here; empty if none have."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        frequencies = found.rows[f"ladder {name}"]["frequencies"]
        groups.setdefault(tuple(f"{one:.3g}" for one in frequencies), []).append(name)
    said = [
        f"{', '.join(one[:-1])} and {one[-1]} have the same frequencies here."
        for one in groups.values()
        if len(one) > 1
    ]
    return " ".join(said)


def _best_band(found: Comparison) -> str:
    """Say which band the rhythmic RNN rests on, where it has learned something that shows it."""
    row, is_class = found.rows[RHYTHMIC], bool(found.recordings.classes)
    if not is_above(row, found.chance, is_class=is_class):
        return (
            "The rhythmic RNN is not shown to have learned the task here, so that it cannot say "
            "which rhythms matter."
        )
    importance = np.array(row["bands"]["importance"], float)
    place = int(np.argmax(importance.mean(axis=0)))
    fall = resampled_mean(importance[:, place].tolist(), test_fraction=tested_fraction(row))
    low, high = (row["bands"][name][place] for name in ("low_hz", "high_hz"))
    if fall.num_runs < MIN_SEEDS_FOR_TEST:
        return (
            f"{fall.num_runs} runs are too few to say which band matters; the score falls most, "
            f"by {fall.mean:.3f}, without {low:.3g} to {high:.3g} Hz."
        )
    if not fall.low > 0:
        return "No band stands out: the score falls by no more than it varies over runs."
    return (
        f"The band whose removal costs the rhythmic RNN most is {low:.3g} to {high:.3g} Hz: its "
        f"{LABELS[found.score]} falls by {fall.mean:.3f} ({fall.low:.3f} to {fall.high:.3f}, of "
        "this band alone)."
    )


def _best_baseline(found: Comparison) -> str:
    """Say what the best plain baseline scores beside the rhythmic RNN."""
    means = {name: float(np.mean(scores_of(found.rows[name]))) for name in (RHYTHMIC, *BASELINES)}
    best = max(BASELINES, key=lambda name: np.nan_to_num(means[name], nan=-np.inf))
    own, score = (_number(means[name]) or "nothing" for name in (RHYTHMIC, best))
    return _escaped(
        f"The rhythmic RNN scores {own}; the best plain baseline, {found.names[best]}, {score}."
    )


def _what_it_does(found: Comparison) -> Iterable[str]:
    """Write what the networks do: confusion, learning curves, traces, rhythms of the nodes."""
    from rhythmic.plotting import comparison as draw

    row, classes = found.rows[RHYTHMIC], found.recordings.classes
    yield "<h2>3. What it does</h2>"
    if classes:
        figure = draw.confusion_figure(np.array(row["confusion"], float), [str(x) for x in classes])
        yield _figure(figure, "Rhythmic RNN: predicted classes of the test targets of all runs.")
    if "answers" in row:
        tested = [found.recordings.targets[trials] for trials in row["tested_trials"]]
        figure = draw.answers_figure(np.concatenate(tested), np.concatenate(row["answers"]))
        yield _figure(figure, "Rhythmic RNN: predictions of the test trials of all runs.")
    curves = {name: found.rows[name]["validation_curve"] for name in found.plan.cells}
    figure = draw.curves_figure(curves, found.names, LABELS[found.score])
    yield _figure(figure, "Validation scores during training, mean over the runs.")
    targets = [found.recordings.targets[trial] for trial in row["traced_trials"]]
    titles = [
        str(classes[int(target)]) if found.recordings.kind == "class" else f"trial {trial}"
        for trial, target in zip(row["traced_trials"], targets, strict=True)
    ]
    names = [str(x) for x in classes]
    figure = draw.traces_figure(
        row["traces"],
        titles,
        row["nodes"]["learned_hz"][0],
        found.recordings.channel_names,
        names,
    )
    caption = "Test trials of the first run, and what each node of its rhythmic RNN makes of them."
    if found.recordings.per_step:
        caption += " Below: targets (black) and predictions (orange) at every step."
    yield _figure(figure, caption)
    yield from _free_rhythms(found)


def _free_rhythms(found: Comparison) -> Iterable[str]:
    """Write the rhythms of the nodes without input, when the rhythmic RNN's nodes are uncoupled."""
    rows = [one for one in rhythm_rows(found) if one["cell"] == RHYTHMIC]
    decays = np.array(found.rows[RHYTHMIC]["nodes"]["decay_s"], float)
    stable = "All decay: the network is stable at rest." if (decays > 0).all() else "Not all decay."
    yield (
        "<p>Free rhythms of the nodes, mean over the runs: without input nodes are not coupled. "
        f"{stable}</p>"
    )
    yield _table(
        ("node", "start (Hz)", "learned (Hz)", "sd over runs", "decay time (s)", "importance"),
        [
            (
                str(one["node"]),
                *(_three(one[k]) for k in ("start_hz", "learned_hz", "learned_hz_sd", "decay_s")),
                f"{one['importance']:+.3f}",
            )
            for one in rows
        ],
    )


def _doubts(found: Comparison) -> Iterable[str]:
    """Write what would change our mind."""
    yield "<h2>4. What would change our mind</h2>"
    items = "".join(f"<li>{_escaped(one)}</li>" for one in found.objections)
    nothing = "<p>Nothing that this run could notice speaks against it.</p>"
    yield f'<div class="doubt">{f"<ul>{items}</ul>" if items else nothing}</div>'


def _protocol(found: Comparison) -> Iterable[str]:
    """Write how it was done, and all claims."""
    plan = found.plan
    yield "<h2>How it was done</h2>"
    yield (
        "<p>"
        + _escaped(
            f"{plan.num_runs} runs of each network, each with test trials of its own; within a "
            f"run, {counted(plan.budget, 'setting')} of learning rate and weight decay, of which "
            "validation trials choose; the test trials are read once, after that. All networks "
            "have the same divisions, settings, number of updates and at most the same number of "
            "trained parameters. Inputs are standardised by the training trials. Differences "
            f"below {plan.margin:g} count as none. Claims were stated before training; tests: "
            f"{TEST}; ladders: {RANK}. Intervals are those of single claims, so that one may leave "
            "out zero where a corrected p does not; that of a band knows nothing of the other "
            "bands. Tests of equivalence count in the correction too. The importance of bands and "
            "nodes is measured on the test trials, when all choices are made. Peaks of the "
            "spectrum are those of all trials, whatever their targets."
        )
        + "</p>"
    )
    yield _table(
        ("claim", "difference", "95 % interval", "p (corrected)", "verdict"),
        [
            (
                one.claim.statement,
                _signed(one.finding.estimate),
                _interval(one.finding.low, one.finding.high),
                p_text(one.p_value),
                one.word,
            )
            for one in found.verdicts
        ],
    )


def _answer(claims: Sequence[Judged], names: dict[str, str]) -> str:
    """Say which claims came out how, in a sentence for each verdict."""
    said = {
        "supported": "scores higher than",
        "contradicted": "scores lower than",
        "equivalent": "does not differ by more than the margin from",
        "cannot tell": "does not differ significantly from",
    }
    if claims and claims[0].claim.question == "rhythms":
        if all(math.isnan(one.p_value) for one in claims):
            return "Whether named ladders are better than random ones is not tested."
        better = [str(one.claim.better) for one in claims if one.word == "supported"]
        if better:
            return _escaped(f"Better than random ladders: {', '.join(better)}.")
        return "No named ladder is shown to be better than random ones."
    if claims and all(math.isnan(one.p_value) for one in claims):
        return (
            "Nothing is tested here: it takes at least "
            f"{MIN_SEEDS_FOR_TEST} runs, and scores that vary."
        )
    parts = []
    for word, verb in said.items():
        found = [names[str(one.claim.worse)] for one in claims if one.word == word]
        if found:
            parts.append(f"{verb} {', '.join(found)}")
    return _escaped(f"The rhythmic RNN {'; it '.join(parts)}.") if parts else ""


def _figure(figure: Any, caption: str) -> str:
    """Return a figure as SVG within the page."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    drawn = text[text.index("<svg") :]
    return f"<figure>{drawn}<figcaption>{_escaped(caption)}</figcaption></figure>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    first = "".join(f"<th>{_escaped(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{_escaped(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="scroll"><table><tr>{first}</tr>{body}</table></div>'


def _escaped(text: str) -> str:
    return html.escape(text)


def _three(value: float) -> str:
    """Write a number of three digits, zeros at its end included."""
    return f"{value:#.3g}".rstrip(".")


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


def _signed(value: float) -> str:
    return "" if math.isnan(value) else f"{value:+.3f}"


def _interval(low: float, high: float) -> str:
    return "" if math.isnan(low) or math.isnan(high) else f"{low:.3f} to {high:.3f}"
