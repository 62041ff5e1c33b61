"""Damaged rows and checkpoints of the comparison, and two processes at one run folder."""

import shutil

import pytest

from experiments.folders import FolderGoneError, open_folder
from experiments.mnist import __main__ as command
from experiments.mnist import report as reporting
from experiments.mnist.members import train_all
from rhythmic.locks import writing
from rhythmic.records import append_rows, read_rows
from tests.experiments.commands import refusal, store_in


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Folder and rows of two members, one a group."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, train_all(store_in(folder), folder)


def test_a_second_process_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "prepare", lambda arguments: (store_in(tmp_path), tmp_path))
    with writing(tmp_path), pytest.raises(SystemExit, match="is being written by another process"):
        command.main()


def test_a_disk_that_fails_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "prepare", lambda arguments: (store_in(tmp_path), tmp_path))

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command, "train_all", fail)
    line = f"error: run_dir {tmp_path}: [Errno 28] No space left on device"
    assert refusal(command.main).startswith(line)


@pytest.fixture
def finished(whole, tmp_path, monkeypatch, capsys):
    """A run folder with its tables; figures take long and are left out."""
    monkeypatch.setattr(reporting, "draw_figures", lambda *arguments: None)
    folder = open_folder(tmp_path / "run", store_in(tmp_path).configuration.identity())
    shutil.copy(whole[0] / "members.jsonl", folder)
    assert reporting.report(folder)
    capsys.readouterr()
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("change", [(b'"member": "', b'"member": "x'), (b"0.", b"9.")])
def test_a_report_of_damaged_rows_leaves_the_tables_as_they_were(finished, capsys, change):
    before = {path.name: path.read_bytes() for path in finished.glob("summary.*")}
    path = finished / "members.jsonl"
    path.write_bytes(path.read_bytes().replace(*change, 1))
    assert not reporting.report(finished)
    said = capsys.readouterr().err
    assert "members.jsonl: line 1 is damaged" in said
    assert "1 of 2 networks are missing" in said
    assert {path.name: path.read_bytes() for path in finished.glob("summary.*")} == before


@pytest.mark.slow
def test_a_table_holds_what_was_asked_for_and_no_more(finished, monkeypatch):
    before = (finished / "summary.csv").read_bytes()
    rows = read_rows(finished / "members.jsonl")
    append_rows(
        finished / "members.jsonl",
        [
            rows[0] | {"member": "0" * 16, "test_accuracy": 0.99},  # of another version, say
            rows[0] | {"member": "1" * 16, "seed": 3},
        ],
    )
    assert reporting.report(finished)
    assert (finished / "summary.csv").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b'{"preset": 1}', b"[1]"])
def test_a_report_of_a_damaged_configuration_is_one_line(finished, monkeypatch, content):
    (finished / "configuration.json").write_bytes(content)
    monkeypatch.setattr("sys.argv", ["experiments.mnist", "--redraw", str(finished)])
    if content == b"{}":  # all defaults: another configuration, whose rows are not here
        assert reporting.report(finished)
        return
    message = refusal(command.main)
    assert str(finished) in message or "preset" in message


@pytest.mark.slow
def test_a_folder_that_is_removed_ends_the_run_and_is_not_made_again(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    with pytest.raises(FolderGoneError):
        train_all(store_in(folder), folder, after_epoch=lambda: shutil.rmtree(folder))
    assert not folder.exists()
