"""Damaged rows and checkpoints of the comparison, and two processes at one run folder."""

import shutil

import pytest
from matplotlib.figure import Figure

from experiments import script
from experiments.folders import FolderGoneError
from experiments.mnist import experiment, report
from experiments.mnist.members import train_all
from experiments.script import main
from rhythmic.locks import writing
from tests.experiments.commands import refusal, run_small, store_in


@pytest.fixture(scope="module", autouse=True)
def no_figures():
    """Leave out the figures, which take long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "save", lambda *arguments: None)
        for name in ("accuracy", "learning_curve", "confusion"):
            patch.setattr(report, f"{name}_figure", lambda *arguments: Figure())
        patch.setattr(report, "draw_resonant", lambda *arguments: {})
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A finished folder of two members, one a group."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    run_small(folder)
    return folder


@pytest.fixture
def finished(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    return tmp_path / "run"


def test_a_second_process_is_refused(tmp_path):
    with writing(tmp_path), pytest.raises(SystemExit, match="is being written by another process"):
        run_small(tmp_path)


def test_a_disk_that_fails_is_one_line(tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(experiment, "train_all", fail)
    line = f"error: run_dir {tmp_path}: [Errno 28] No space left on device; what is finished in"
    assert refusal(run_small, tmp_path).startswith(line)


@pytest.mark.slow
@pytest.mark.parametrize("change", [(b'"member": "', b'"member": "x'), (b"0.", b"9.")])
def test_a_report_of_damaged_rows_leaves_the_tables_as_they_were(finished, capsys, change):
    before = {path: path.read_bytes() for path in finished.glob("summary.*")}
    path = finished / "members.jsonl"
    path.write_bytes(path.read_bytes().replace(*change, 1))
    said = refusal(run_small, finished, "--redraw")
    assert "1 of 2 networks are missing" in said
    assert "members.jsonl: line 1 is damaged" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b'{"epochs": 1}', b"[1]"])
def test_a_report_of_a_damaged_configuration_is_one_line(finished, content):
    (finished / "configuration.json").write_bytes(content)
    said = refusal(main, experiment.EXPERIMENT, ["--redraw", str(finished)])
    assert str(finished) in said or "another kind" in said


@pytest.mark.slow
def test_a_folder_that_is_removed_ends_the_run_and_is_not_made_again(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    with pytest.raises(FolderGoneError):
        train_all(store_in(folder), folder, after_epoch=lambda: shutil.rmtree(folder))
    assert not folder.exists()
