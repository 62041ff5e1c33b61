"""What the sweeps of a run would take: printed one after another, and nothing is left behind."""

import dataclasses

import pytest

from experiments import script, stability_atlas, weight_grid
from experiments.stages import Swept
from rhythmic.sweep import run_sweep
from tests.sweep.test_estimate import MADE_UP

ATLAS = stability_atlas.StabilityAtlasOptions(
    preset="smoke", num_w1=6, num_w2=4, num_steps=9, precisions=("float64",), dry_run=True
)


def test_numbers_add_up_and_nothing_is_left(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(script, "plan_sweep", lambda sweep, **options: MADE_UP)
    swept = {MADE_UP.name: Swept(None), "another": Swept(None)}
    experiment = dataclasses.replace(
        stability_atlas.EXPERIMENT,
        dry_run=script.dry_run_of(lambda options: swept),
        all_cores=False,
    )
    script.answer_command(experiment, ["--dry-run", "--workers", "8"])
    said = capsys.readouterr().out.splitlines()
    assert said[: len(said) // 2] == str(MADE_UP).splitlines()
    assert said[-1] == (
        "In all about 10:44, with 8 workers 1:22; figures, and what is no sweep, come on top. "
        "Nothing was written."
    )
    assert not list(tmp_path.iterdir())


def test_what_it_asks_for_is_no_part_of_a_runs_identity():
    plain = dataclasses.replace(ATLAS, dry_run=False, workers=3)
    assert script.identity(ATLAS) == script.identity(plain)
    assert not {"dry_run", "workers"} & script.identity(ATLAS).keys()


@pytest.mark.slow
def test_the_sweeps_of_the_atlas_are_those_that_are_run(monkeypatch):
    told = stability_atlas.sweeps(ATLAS)
    assert list(told) == [
        f"{name}, {kind}"
        for name in stability_atlas.MAPS
        for kind in ("chart", "chart_float64", "simulation_float64", "strip_float64")
    ]
    run = []
    monkeypatch.setattr(
        stability_atlas, "run_sweep", lambda sweep, **options: run.append(sweep) or run_sweep(sweep)
    )
    for name in stability_atlas.MAPS:
        stability_atlas.one_map(ATLAS, name)
    assert [sweep.name for sweep in run] == [one.sweep.name for one in told.values()]
    assert [sweep.num_points for sweep in run] == [one.sweep.num_points for one in told.values()]


@pytest.mark.slow
def test_the_grid_of_reservoirs_is_estimated_as_it_is_run(tmp_path, capsys):
    options = dataclasses.replace(
        weight_grid.PRESETS["smoke"], num_train=20, num_validation=20, num_nodes=3, workers=2
    )
    weight_grid.EXPERIMENT.dry_run(options, tmp_path)
    said = capsys.readouterr().out
    assert "16 points in 8 chunks" in said
    assert "with 2 workers" in said
