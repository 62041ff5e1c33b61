"""Every experiment of the lecture from the command line, at its smallest size."""

import contextlib
import importlib
import io
import json
import re

import numpy as np
import pytest
from PIL import Image, ImageChops

from experiments import __main__ as index
from experiments import answers, script
from experiments.options import ScriptOptions, identity
from experiments.script import Experiment, main
from rhythmic.plotting.style import house_style
from tests.experiments.commands import refusal

SCRIPTS = index.NAMES

# All others compile for more than about ten seconds; every experiment has fast tests of its own.
FAST = {"day_ladder"}
RUN = [pytest.param(name, marks=[pytest.mark.slow] * (name not in FAST)) for name in SCRIPTS]
SMOKE = {  # of experiments without a preset of this name
    "mnist": (*("--architectures", "rrn-log", "rnn"), *("--seeds", "1", "2", "--epochs", "1")),
}


def experiment_named(name):
    return importlib.import_module(f"experiments.{name}").EXPERIMENT


def call(experiment, *arguments):
    """Run a command; return what it printed."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        main(experiment, list(arguments))
    return printed.getvalue()


@pytest.mark.parametrize("name", RUN)
def test_a_script_computes_saves_and_draws_again_from_what_it_saved(name, tmp_path, monkeypatch):
    experiment = experiment_named(name)
    assert experiment.name == name
    assert {"quick", experiment.full_preset} <= set(experiment.presets)
    folder = tmp_path / "run"
    smoke = (*SMOKE.get(name, ("--preset", "smoke")), "--run-dir", str(folder))
    printed = call(experiment, *smoke)
    configuration = json.loads((folder / "configuration.json").read_text())
    assert configuration["experiment"] == name
    assert json.loads((folder / "provenance.jsonl").read_text())["versions"]["jax"]
    assert (folder / "summary.txt").read_text() == printed
    assert not (folder / "stages").exists()
    results = experiment.kept.read(folder / experiment.kept.file)
    answer = experiment.answer(script.parse(experiment, list(smoke)), results)
    assert "\n" not in answer
    assert len(answer) > 20
    assert answer in printed
    if "." not in name and name not in SMOKE:  # others quote rows of any width
        lines = [line for line in printed.splitlines() if not line.startswith("(differs from")]
        assert max(len(line) for line in lines if line != answer) <= 110
    figures = sorted(path.name for path in (folder / "figures").iterdir())
    assert figures
    assert len(figures) % 2 == 0
    assert all(f"{figure[:-4]}.pdf" in figures for figure in figures if figure.endswith(".png"))

    def refuse(*arguments):
        raise AssertionError("computed again")

    monkeypatch.setattr(script, "compute", refuse)
    (folder / "figures" / figures[0]).unlink()
    assert call(experiment, *smoke, "--redraw") == printed
    assert sorted(path.name for path in (folder / "figures").iterdir()) == figures
    # The folder says with which options it was run.
    assert call(experiment, "--redraw", str(folder)) == printed


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_option_is_explained(name, capsys):
    experiment = experiment_named(name)
    with pytest.raises(SystemExit) as stopped:
        main(experiment, ["--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    for option in identity(experiment.presets["quick"]):
        assert f"--{option.replace('_', '-')}" in text
    # A bare default, with nothing before it, is an option without an explanation.
    assert not re.search(r"│ --[^│]*│\n│ +\(default", text)
    assert experiment.question.split()[0] in text


def refused(experiment, *arguments):
    return refusal(main, experiment, list(arguments))


def test_what_the_frame_refuses(tmp_path):
    experiment = experiment_named("feedforward")
    folder = ("--run-dir", str(tmp_path / "run"))
    assert "choose from quick, full, smoke" in refused(experiment, "--preset", "fast")
    assert "publish needs the full preset" in refused(experiment, "--publish", *folder)
    assert "holds no results.npz" in refused(experiment, "--redraw", *folder)
    assert "holds no results.npz" in refused(experiment, "--redraw", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("mine")
    assert "is no run folder" in refused(experiment, *folder)


def toy(measure):
    return Experiment(
        name="toy",
        section="Section",
        question="Question?",
        presets={name: ScriptOptions(preset=name) for name in ("quick", "full", "smoke")},
        measure=measure,
        summarise=lambda options, results: f"sum {results['x'].sum():g}",
        answer=lambda options, results: f"It sums to {results['x'].sum():g}.",
        draw=lambda options, results: {"toy": draw_line(results["x"])},
    )


def draw_line(values):
    figure = script.Figure(figsize=(2, 2))
    figure.subplots().plot(values)
    return figure


@pytest.mark.parametrize(("revision", "kept"), [("a" * 40, True), ("a" * 40 + "+changes", False)])
def test_finished_parts_survive_a_kill_at_the_same_commit(
    revision, kept, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("rhythmic.provenance.git_revision", lambda: revision)
    calls = []
    broken = [True]

    def part(name, values):
        def compute():
            if broken[0] and name == "second":
                raise KeyboardInterrupt
            calls.append(name)
            return {"x": np.array(values)}

        return compute

    def measure(options, stages):
        parts = stages.each({"first": part("first", [1.0]), "second": part("second", [2.0])})
        return {"x": np.concatenate([arrays["x"] for arrays in parts.values()])}

    experiment = toy(measure)
    with pytest.raises(SystemExit) as stopped:
        call(experiment, "--run-dir", str(tmp_path / "run"))
    assert stopped.value.code == 130
    broken[0] = False
    capsys.readouterr()
    printed = call(experiment, "--run-dir", str(tmp_path / "run"))
    shown = capsys.readouterr().err
    assert ("resumed: 1 of 2 parts were kept" in shown) == kept
    assert "second: 2 of 2" in shown
    assert calls == (["first", "second"] if kept else ["first", "first", "second"])
    computed = json.loads((tmp_path / "run" / "computed.json").read_text())
    assert (computed["seconds"] is None) == kept  # stopped and resumed
    assert computed["provenance"]["git"] == revision
    assert printed == "sum 3\n\nIt sums to 3.\n"


@pytest.mark.parametrize(
    ("said", "line"), [("rnn ran out of memory", "error: rnn ran"), ("", "error: out of memory")]
)
def test_memory_that_runs_out_is_one_line(said, line, tmp_path):
    def measure(options, stages):
        raise MemoryError(said)

    experiment = toy(measure)
    with pytest.raises(SystemExit, match=f"^{line}"):
        call(experiment, "--run-dir", str(tmp_path / "run"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        ([], "none"),
        ([4, 8, 16, 32], "4, 8, 16, 32"),
        ([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4], "0.1 to 6.4 (7 values)"),
        (["rnn", "lstm"], "rnn, lstm"),
        (list("abcdefgh"), "a, b, c, d, e, f, g, h"),
    ],
)
def test_options_are_written_without_brackets(value, text):
    assert script.brief(value) == text


@pytest.mark.parametrize("place", ["outside lower center", "outside lower right"])
def test_the_note_on_a_reduction_leaves_legends_readable(place, tmp_path):
    boxes = {}

    def noting(artist):
        draw = artist.draw

        def draw_and_note(renderer):
            draw(renderer)
            boxes[artist] = artist.get_window_extent(renderer)  # the last time is the saved one

        artist.draw = draw_and_note

    with house_style():
        figure = draw_line(np.ones(3))
        figure.legend(["line"], loc=place)
        script.state_reduction(figure, "differs from the full preset in seeds 3 (full: 10)")
        noting(figure.legends[0])
        noting(figure.texts[0])
        figure.savefig(tmp_path / "figure.png", bbox_inches="tight")
    legend, note = boxes.values()
    assert not legend.overlaps(note)


def test_publishing_keeps_answer_picture_and_no_path(tmp_path, monkeypatch):
    monkeypatch.setattr(answers, "RESULTS", tmp_path / "results")

    def measure(options, stages):
        stages.revisions |= {"b" * 40, "a" * 40}  # of rows that earlier runs made
        return {"x": np.ones(3)}

    experiment = toy(measure)
    assert answers.NOT_YET in answers.gallery([experiment])
    assert answers.NOT_YET in answers.listing([experiment])
    run_dir = tmp_path / "run"
    call(experiment, "--preset", "full", "--publish", "--run-dir", str(run_dir))
    kept = (tmp_path / "results" / "answers" / "toy.json").read_text()
    assert str(tmp_path) not in kept
    assert json.loads(kept)["answer"] == "It sums to 3."
    assert json.loads(kept)["provenance"]["git"] == f"{'a' * 40}, {'b' * 40}"
    folders = (tmp_path / "results" / "figures", run_dir / "figures")
    pictures = [Image.open(folder / "toy.png").convert("RGB") for folder in folders]
    assert max(high for _, high in ImageChops.difference(*pictures).getextrema()) < 16
    page, listed = answers.gallery([experiment]), answers.listing([experiment])
    assert "It sums to 3." in page
    assert "figures/toy.png" in page
    assert "It sums to 3." in listed
    assert "python -m experiments.toy --preset full" in listed


def test_the_gallery_page_is_made_of_the_answers_that_are_kept():
    stale = "run python -m experiments --gallery"
    for path, text in index.pages().items():
        assert path.read_text() == text, stale
    for entry in index.entries():
        if answers.read_answer(entry.name):
            assert answers.picture_path(entry.name).exists()
