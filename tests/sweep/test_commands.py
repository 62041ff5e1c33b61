"""``python -m rhythmic.sweep`` from its arguments: what it prints, and how it ends."""

import re
import shutil

import jax.numpy as jnp
import pytest

from rhythmic.records import PROVENANCE
from rhythmic.sweep import Grid, Output, Sweep, linear_axis, run_sweep
from rhythmic.sweep.__main__ import main
from rhythmic.sweep.plan import DESCRIPTION, LOG
from rhythmic.sweep.store import SweepStore

GRID = Grid((linear_axis("gain", 0, 3, 4, "Hz"), linear_axis("bias", 0, 1, 3, "V")))

pytestmark = pytest.mark.usefixtures("blocks_of_one_chunk")


def make(folder, function, design=GRID):
    outputs = {"root": Output("rad/s", "natural frequency")}
    run_sweep(Sweep("small", function, design, outputs), folder=folder, chunk_points=3, quiet=True)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory, blocks_of_one_chunk):
    """Two sweeps that differ at two points; one value of each is not finite."""
    path = tmp_path_factory.mktemp("sweeps")

    def node(gain, bias):
        return {"root": jnp.where((gain == 3) & (bias == 1), jnp.inf, gain + bias)}

    def other(gain, bias):
        return {"root": node(gain, bias)["root"] + jnp.where((gain >= 2) & (bias == 0.5), 1.5, 0)}

    return make(path / "one", node), make(path / "other", other)


@pytest.fixture
def copy(made, tmp_path):
    """A copy of the first one, to be spoilt."""
    return shutil.copytree(made[0], tmp_path / "a copy, spoilt")


def call(capsys, *arguments):
    """Run a command; return what it printed."""
    main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def failure(capsys, *arguments):
    """Run a command that must fail; return how it ended and what it printed."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return caught.value.code, capsys.readouterr()


def test_show(made, capsys):
    lines = call(capsys, "show", made[0]).splitlines()
    assert lines[:2] == ["small: 4 of 4 chunks, 12 points", "not finite: 1"]
    assert re.fullmatch(r"\S+ points a second on \S+, nothing left at that pace", lines[2])
    text = "\n".join(lines[3:])
    assert "root" in text
    assert "gain" in text
    assert "bias" in text


@pytest.mark.parametrize("name", [LOG, PROVENANCE])
def test_a_damaged_line_of_the_history_is_named_and_costs_no_result(copy, capsys, name):
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content.replace(b"process" if name == LOG else b"git", b"@@", 1))
    lines = call(capsys, "verify", copy).splitlines()
    assert lines[0] == f"{copy / name}: line 1 is damaged; it is left out"
    assert lines[1].endswith("every file is as it was written, but for 1 line of history")


def test_show_of_an_unfinished_sweep(copy, capsys):
    store = SweepStore.open(copy)
    store.set_aside(next(store.blocks()))
    lines = call(capsys, "show", copy).splitlines()
    assert lines[0] == "small: 3 of 4 chunks, 9 points"
    assert re.search(r", \d+:\d\d left at that pace$", lines[2])
    (copy / LOG).unlink()
    assert "no chunk is in the log yet" in call(capsys, "show", copy)


def test_verify(made, capsys):
    said = call(capsys, "verify", made[0])
    assert said == "4 of 4 chunks are there; every file is as it was written\n"


def test_verify_names_every_damage(copy, capsys):
    lost = copy / "results.zarr" / "root" / "zarr.json"
    cut = copy / "chunks" / "000002.json"
    lost.unlink()
    cut.write_bytes(cut.read_bytes()[:50])
    code, captured = failure(capsys, "verify", copy)
    assert str(code).startswith("2 damaged or missing; ")
    assert captured.out.splitlines() == [f"{lost}: missing", f"{cut}: damaged"]


def test_a_damaged_description_is_one_line(copy, capsys):
    (copy / DESCRIPTION).write_text("{")
    for command in ("show", "verify"):
        code, captured = failure(capsys, command, copy)
        assert code == f"error: {copy / DESCRIPTION} is damaged"
        assert captured.out == captured.err == ""


def test_compare(made, capsys):
    lines = call(capsys, "compare", *made).splitlines()
    assert lines == [
        "root: 2 differ, at most by 1.5, first at gain 2, bias 0.5",
        "status: equal",
    ]
    assert call(capsys, "compare", made[0], made[0]) == "root: equal\nstatus: equal\n"


def test_what_cannot_be_done_is_one_line(made, tmp_path, capsys):
    no_sweep = tmp_path / "none"
    for arguments, message in (
        (("show", no_sweep), f"run_dir {no_sweep} holds no sweep"),
        (("verify", no_sweep), f"run_dir {no_sweep} holds no sweep"),
        (("compare", made[0], no_sweep), f"run_dir {no_sweep} holds no sweep"),
        (("export", no_sweep, "--to", tmp_path / "x.nc"), f"run_dir {no_sweep} holds no sweep"),
        (("export", made[0], "--to", tmp_path / "x.h5"), "it must end in .nc, .csv, .parquet"),
        (("export", *made, "--to", tmp_path / "x.nc"), "disagree on a point: root at"),
        (("export", "--to", tmp_path / "x.nc"), "empty"),
    ):
        code, captured = failure(capsys, *arguments)
        assert str(code).startswith("error: ")
        assert message in str(code)
        assert "\n" not in str(code)
        assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["bogus"], ["show"], ["export", "run"]])
def test_commands_that_are_none(arguments, capsys):
    code, captured = failure(capsys, *arguments)
    assert code == 2
    assert "--help" in captured.out + captured.err
