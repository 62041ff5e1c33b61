"""What every question of the comparison has: presets, conditions, findings, refusals, figures."""

import math

import pytest

from experiments.__main__ import NAMES
from experiments.compare import __main__ as command
from experiments.compare.options import CompareOptions
from experiments.compare.question import Question
from experiments.compare.questions import QUESTIONS
from experiments.members.store import tuning
from rhythmic.compare.claims import WELCH, Claim, Finding, Reading
from rhythmic.plotting.style import LABELS, house_style
from tests.experiments.compare.made_up import (
    bundled,
    finding_of,
    found,
    module,
    question,
    rows_of,
    small,
    verdicts,
)
from tests.marks import rest_slow

PRESETS = ("smoke", "quick", "full", "accelerator")
GOLDEN, BARE = LABELS["rrn-golden"], LABELS["rrn-golden-unconnected"]
RNN, LSTM = LABELS["rnn"], LABELS["lstm"]


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_has_the_four_presets(name):
    own = module(name)
    assert set(own.PRESETS) == set(command.PRESETS) == set(PRESETS)
    assert own.EXPERIMENT.name == f"compare.{name}"
    assert own.EXPERIMENT.presets == own.PRESETS
    claims = [claim.name for claim in own.CLAIMS]
    assert claims
    assert len(set(claims)) == len(claims)


def test_the_index_takes_its_questions_from_the_one_list():
    listed = [name.removeprefix("compare.") for name in NAMES if name.startswith("compare.")]
    assert tuple(listed) == QUESTIONS


# Of horn and smallest, where not all choose among the same, their own tests count.
TUNED = [
    (name, preset)
    for name in QUESTIONS
    if name not in ("horn", "smallest", "spike_trains", "synthetic", "paper_figures")
    for preset in PRESETS
]


@pytest.mark.parametrize(
    ("name", "preset"),
    rest_slow(TUNED, *(case for case in TUNED if case[1] == "quick")),
)
def test_every_condition_is_there_once_and_has_the_same_budget(name, preset):
    fewer = name == "sample_efficiency" and preset in ("full", "accelerator")
    options = bundled(name, preset, **({"sizes": (500, 1000)} if fewer else {}))
    options.check()
    made = question(name).conditions(options)
    assert len({condition.label for condition in made}) == len(made)
    several = len(options.learning_rates) > 1
    budget = len(options.learning_rates) * len(options.tuning_seeds) * several
    for condition in made:
        assert condition.settings == options.settings()
        assert condition.tuning_seeds == options.tuning_seeds
        assert len(tuning(condition)) == budget * max(1, len(condition.tuned_on))


HEADS = ("energy", "mean")
TUNED_GOLDEN = f"{GOLDEN}, tuned"
FITTED, IMAGE = "readout fitted", "image ladder"
# By question and claim: what is claimed to be better, and worse.
TWO = {
    "precision": {
        "double-precision": ("float64", "float32"),
        "step-a-pixel": ("float64", "float32, a step a pixel"),
    },
    "recurrence": {
        "recurrence": ("golden, energy", "unconnected, energy"),
        **{
            f"rhythm-{rival}-{head}": (f"golden, {head}", f"{rival}, {head}")
            for rival in ("double", "real", "rnn", "lstm")
            for head in HEADS
        },
        **{f"readout-{x}": (f"{x}, energy", f"{x}, mean") for x in ("golden", "rnn", "lstm")},
        "heterogeneous-horn": ("HORN, heterogeneous", "HORN, homogeneous"),
    },
    "which_rhythms": {
        **{f"golden-{name}": ("golden", name) for name in ("two", "log", "linear")},
        "learned-golden": ("learned from golden", "golden, a step a pixel"),
        "learned-random": ("learned from random 0", "random 0, a step a pixel"),
        "golden-start": ("learned from golden", "learned from random 0"),
        "copies-dense": ("golden x 3, learned inputs", "dense, 31 nodes, learned inputs"),
        "sampled-slower": ("golden, 9 nodes, 1000 Hz", "golden, 9 nodes, 500 Hz"),
        "sampled-faster": ("golden", "golden, 11 nodes, 2000 Hz"),
    },
    "spike_trains": {
        "spikes-power": (TUNED_GOLDEN, "power, golden"),
        **{f"spikes-{x}": (TUNED_GOLDEN, f"{LABELS[x]}, tuned") for x in ("rnn", "lstm")},
        **{
            f"spikes-{x}": (TUNED_GOLDEN, f"{LABELS[f'rrn-{x}']}, tuned")
            for x in ("log", "two", "linear")
        },
        **{
            f"spikes-{x}-mnist": (f"{GOLDEN}, published", f"{LABELS[x]}, published")
            for x in ("rnn", "lstm")
        },
    },
    "pixel_orders": {
        "permuted-golden": (f"{GOLDEN}, rows", f"{GOLDEN}, permuted"),
        "permuted-unconnected": (f"{BARE}, rows", f"{BARE}, permuted"),
        "columns-golden": (f"{GOLDEN}, rows", f"{GOLDEN}, columns"),
        "row-vectors-lstm": (f"{GOLDEN}, row_vectors", f"{LSTM}, row_vectors"),
    },
    "sample_efficiency": {
        f"few-digits-{x}": tuple(f"{y}, 1000 digits, equal updates" for y in (GOLDEN, rival))
        for x, rival in (("lstm", LSTM), ("rnn", RNN), ("unconnected", BARE))
    },
    "features": {
        "dynamics-beat-power": (f"{GOLDEN}, {FITTED}", "Fourier power, 11 features"),
        "recurrence-adds": (f"{GOLDEN}, {FITTED}", f"{BARE}, {FITTED}"),
        "ringing-is-power": (f"{BARE}, {FITTED}", "Fourier power, 11 features"),
        "dynamics-beat-parameters": (GOLDEN, "Fourier power, 22 features"),
        "power-beats-random": ("Fourier power, 11 features", "random squares, 11 features"),
    },
    "smallest": {
        "smallest-golden": (f"{IMAGE}, below 300", "golden RRN"),
        "ringing-300": (f"{IMAGE}, below 300", "its twin without ringing, below 300"),
        "phase-300": tuple(f"{x}, read out linearly, below 300" for x in ("phasors", "energies")),
        **{
            f"{name}-{limit}": (f"{IMAGE}, below {limit}", f"{rival}, below {limit}")
            for limit in (300, 1000)
            for name, rival in (
                ("random-ladder", "random ladder"),
                ("random-projections", "random projections"),
                ("plain-power", "plain power in windows"),
                ("best-cell", "best trained cell"),
            )
        },
    },
    "horn": {
        f"horn-{kind}": (f"{better}{ending}", f"{worse}{ending}")
        for time, ending in (("early", ", early"), ("late", ""))
        for kind, better, worse in (
            (f"{time}-lstm", "horn", "lstm"),
            (f"{time}-rnn", "horn", "rnn"),
            (f"heterogeneous-{time}", "horn-heterogeneous", "horn"),
        )
    },
    "learning_speed": {
        "speed-updates": ("rrn-golden", "lstm"),
        "speed-seconds": ("rrn-golden", "gru"),
        "speed-horn": ("horn", "lstm"),
    },
    "equal_size": {
        f"equal-size-{count}{kind}": tuple(f"{x}, energy head, {count}" for x in ("rrn", rival))
        for count in (100, 300, 1000)
        for kind, rival in (("", "gru"), ("-oscillators", "horn"))
    },
    "paper_figures": {"paper-rnn": (GOLDEN, RNN), "paper-lstm": (GOLDEN, LSTM)},
}


# Parts that take long and that hold no two conditions against each other are left out.
PARTS = {"which_rhythms": {"parts": ("named", "learned", "larger", "sampled")}}


@pytest.mark.parametrize("name", TWO)
def test_two_conditions_both_ways(name):
    options = small(name, **PARTS.get(name, {}))
    level = rows_of(name, options)
    for claim, (better, worse) in TWO[name].items():
        assert verdicts([finding_of(name, options, level, claim)]) == ["equivalent"], claim
        for side, expected in ((better, "supported"), (worse, "contradicted")):
            finding = finding_of(name, options, rows_of(name, options, {side: 0.08}), claim)
            assert verdicts([finding]) == [expected], claim
            assert finding.low < finding.estimate < finding.high


@pytest.mark.parametrize("name", TWO)
def test_pairs_see_what_seeds_hide_and_other_cells_do_not(name):
    options = small(name, **PARTS.get(name, {}))
    own = {claim.name: claim for claim in module(name).CLAIMS}
    for claim, (better, worse) in TWO[name].items():
        rows = rows_of(name, options, {better: 0.012, worse: 0.004}, spread=0.001, luck=0.03)
        p_value = finding_of(name, options, rows, claim).p_value
        if "aired t over" in own[claim].test:
            assert p_value < 0.01, claim
        else:
            assert WELCH in own[claim].test
            assert p_value > 0.1, claim


@pytest.mark.parametrize(
    ("name", "changes", "figures"),
    [
        ("equal_size", {}, {"equal_size"}),
        ("learning_speed", {}, {"learning_speed"}),
        ("noise_tolerance", {}, {"noise_tolerance"}),
        ("sample_efficiency", {}, {"sample_efficiency"}),
        ("pixel_orders", {}, {"pixel_orders"}),
        ("which_rhythms", {}, {"null", "curves", "accuracies", "learned"}),
        ("which_rhythms", {"parts": ("null",)}, {"null"}),
        ("which_rhythms", {"parts": ("named",)}, {"accuracies"}),
        ("recurrence", {}, {"crossing", "homogeneous", "horn"}),
        ("recurrence", {"parts": ("horn",)}, {"horn"}),
        *(
            ("features", {"left_out": left_out}, {"profiles", "ablation", "baselines", "confusion"})
            for left_out in ((), (0, 6), tuple(range(11)))
        ),
        ("smallest", {}, {"sizes", "search"}),
        ("smallest", {"families": ("image ladder",)}, {"sizes", "search"}),
        ("precision", {}, {"precision"}),
        ("horn", {}, {"horn"}),
        ("spike_trains", {}, {"spike_trains"}),
        ("paper_figures", {}, {"accuracy", "confusion", "digits", "weights"}),
    ],
)
def test_figures_are_drawn_from_rows_alone(name, changes, figures):
    options = small(name, **changes)
    with house_style():
        drawn = question(name).draw(options, rows_of(name, options))
        for figure in drawn.values():
            figure.draw_without_rendering()
    assert set(drawn) == figures


# Claims that no other number than a p-value of two conditions judges, by what the run leaves out.
@pytest.mark.parametrize(
    ("name", "changes", "judged"),
    [
        ("equal_size", {"cells": ("rrn", "rnn"), "heads": ("energy",), "counts": (100,)}, {0}),
        ("equal_size", {"cells": ("rrn",), "counts": (100,)}, set()),
        ("learning_speed", {"networks": ("rrn-golden", "gru")}, {0, 1}),
        ("learning_speed", {"networks": ("rrn-golden",)}, set()),
        ("noise_tolerance", {"networks": ("rrn-golden", "lstm")}, {0, 4}),
        ("sample_efficiency", {"sizes": (500, 1000)}, {0, 1, 2}),
        ("sample_efficiency", {"sizes": (1000, 2000)}, {0, 1, 2}),
        ("sample_efficiency", {"sizes": (500, 4000)}, set()),
        ("sample_efficiency", {"sizes": (1000, 4000)}, {0, 1, 2, 3}),
        ("pixel_orders", {"orders": ("permuted",)}, set()),
        ("pixel_orders", {"orders": ("rows", "columns")}, {3}),
        ("which_rhythms", {"parts": ("null",)}, {0, 1}),
        ("recurrence", {"parts": ("homogeneous",)}, {12}),
        ("features", {"left_out": (0, 6)}, {0, 1, 2, 3, 4, 5}),
        ("smallest", {"limits": (300,), "families": ("image ladder",)}, {0, 2, 7, 9, 11, 12}),
        ("horn", {"networks": ("horn", "rnn")}, {1, 3, 5}),
        ("spike_trains", {"architectures": ("rrn-golden",)}, {2}),
    ],
)
def test_what_a_run_leaves_out_is_said_before_training_and_afterwards(name, changes, judged):
    options, own = small(name, **changes), question(name)
    findings = found(name, options, rows_of(name, options))
    for place, claim in enumerate(own.claims):
        finding = findings[claim.name]
        assert bool(finding.missing) == (place not in judged)
        assert math.isnan(finding.estimate) == (place not in judged)
    lines = own.left_out(options, own.conditions(options))
    left = len(own.claims) - len(judged)
    assert len(lines) == (left + 1 if left else 0)


@pytest.mark.parametrize(
    ("name", "changes", "number"),
    rest_slow(
        [
            ("synthetic", {"networks": ("horn",)}, "5 of 5"),
            ("equal_size", {}, "9 of 11"),
            ("synthetic", {"tasks": ("phase",)}, "4 of 5"),
            ("spike_trains", {"architectures": ("rrn-golden", "rnn")}, "5 of 8"),
            ("which_rhythms", {}, "6 of 14"),
            ("learning_speed", {}, "1 of 3"),
            ("smallest", {"rivals": ("rrn",), "controls": False}, "8 of 13"),
        ],
        ("which_rhythms", {}, "6 of 14"),
        ("learning_speed", {}, "1 of 3"),
    ),
)
def test_quick_presets_say_what_they_leave_out(name, changes, number):
    own, options = question(name), bundled(name, "quick", **changes)
    first = own.left_out(options, own.conditions(options))[0]
    assert first == f"not judged in this run, {number} claims:"


# How many claims the full preset leaves to the accelerator's; one needs more digits than mnist5k's.
LEFT_OUT = {"equal_size": 4, "sample_efficiency": 1}


@pytest.mark.parametrize("name", rest_slow(QUESTIONS, "features", "horn", "precision"))
def test_full_presets_leave_out_what_is_said_here(name):
    own, options = question(name), bundled(name, "full")
    lines = own.left_out(options, own.conditions(options))
    number = LEFT_OUT.get(name, 0)
    assert lines[:1] == [f"not judged in this run, {number} of {len(own.claims)} claims:"][:number]


def test_the_answer_counts_what_its_preset_did_not_ask():
    claims = [Claim(name, f"Claim {name}.", "A test.") for name in "abc"]
    nan = math.nan
    given = [
        Finding("a", 0.1, 0.05, 0.15, 1e-6, nan, 1.0, "found"),
        Finding("b", 0.1, -0.1, 0.3, 0.5, nan, 1.0, "found"),
        Finding("c", missing="x"),
    ]
    presets = {"full": CompareOptions(preset="full")}
    readings = {x.claim: Reading(("",), find=lambda *_, x=x: x) for x in given}
    toy = Question(
        "toy", "What?", presets, claims, lambda *_: {}, readings=lambda options: readings
    )
    *lines, _ = toy.answer(presets["full"], {"": [{}]}).split("\n")
    assert lines == [
        "Borne out: Claim a (+0.100, +0.050 to +0.150).",
        "The data cannot tell: Claim b (+0.100, -0.100 to +0.300).",
        "Not asked by this preset: 1 of 3 claims.",
    ]


def test_the_help_says_what_each_question_asks():
    text = command.description()
    for name in QUESTIONS:
        line = next(line for line in text.splitlines() if line.split()[:1] == [name])
        assert line.endswith(question(name).asked)


def test_a_page_of_a_folder_without_runs_is_refused(tmp_path, monkeypatch):
    arguments = ["compare", "--report", "--folder", str(tmp_path)]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit, match=r"error: report: .* holds no record\.json") as refused:
        command.main()
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
