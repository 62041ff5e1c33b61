"""Damaged rows and checkpoints of the comparison, and two processes at one run folder."""

import shutil

import pytest

from experiments.folders import FolderGoneError, open_folder
from experiments.mnist import __main__ as command
from experiments.mnist import report as reporting
from experiments.mnist.members import train_all
from rhythmic.locks import writing
from rhythmic.records import append_rows, read_rows
from rhythmic.training import GroupTraining
from tests.experiments.commands import refusal, store_in


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Folder and rows of two members, one a group."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, train_all(store_in(folder), folder)


def without_clock(rows):
    """Leave out what depends on the clock, and the hash that holds it."""
    return [{k: v for k, v in r.items() if k != "seconds_last_sitting"} for r in rows]


@pytest.mark.slow  # tests/runs/test_rows.py has the same of rows that cost nothing
@pytest.mark.parametrize(
    ("old", "new"), [(b'"seed": 2', b'"seed": 3'), (b'"seed": 2', b"'seed': 2")]
)
def test_a_damaged_row_is_named_and_computed_again(whole, tmp_path, capsys, old, new):
    folder, rows = whole
    content = (folder / "members.jsonl").read_bytes()
    assert content.count(old) == 1
    (tmp_path / "members.jsonl").write_bytes(content.replace(old, new))
    again = train_all(store_in(tmp_path), tmp_path)
    shown = capsys.readouterr().err
    assert f"{tmp_path / 'members.jsonl'}: line 2 is damaged" in shown
    assert "1 member to train" in shown
    assert without_clock(again) == without_clock(rows)


class Stop(Exception):
    """Ends a run where a test has seen enough."""


@pytest.mark.slow
def test_a_damaged_checkpoint_is_set_aside(whole, tmp_path, monkeypatch, capsys):
    run = GroupTraining.run

    def stopped(self, members, *, on_epoch, checkpoint):
        def stop(report):
            raise Stop

        return run(self, members, on_epoch=stop, checkpoint=checkpoint)

    monkeypatch.setattr(GroupTraining, "run", stopped)
    with pytest.raises(Stop):
        train_all(store_in(tmp_path), tmp_path)
    monkeypatch.undo()
    (checkpoint,) = (tmp_path / "checkpoints").iterdir()
    content = bytearray(checkpoint.read_bytes())
    content[len(content) // 2] ^= 1
    checkpoint.write_bytes(content)
    rows = train_all(store_in(tmp_path), tmp_path)
    assert "is damaged: it differs from its own hash; set aside" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "damaged").iterdir()] == [
        f"checkpoints-{checkpoint.name}"
    ]
    assert without_clock(rows) == without_clock(whole[1])


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
