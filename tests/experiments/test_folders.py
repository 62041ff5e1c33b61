"""Run folders: nothing of others is followed, removed or believed, and damage is named."""

import json
import os
import shutil

import numpy as np
import pytest

from experiments.folders import (
    FolderGoneError,
    open_folder,
    read_kept,
    tidy,
    watching,
    write_kept,
)
from experiments.members.train import drop_checkpoints
from experiments.stages import Stages, drop_parts
from rhythmic.arrays import write_arrays
from rhythmic.files import LinkError
from rhythmic.sealed import save_arrays
from tests.sweep import small


@pytest.mark.parametrize("damage", [b"", b"{", b"[" * 100_000, b"[1, 2]", b'{"a": 2}'])
def test_a_damaged_file_counts_as_missing_by_name_and_is_set_aside(tmp_path, capsys, damage):
    write_kept(tmp_path, "groups.json", {"a": 1, "b": [0.5, float("nan")]})
    assert read_kept(tmp_path, "groups.json") == {"a": 1, "b": [0.5, None]}
    whole = (tmp_path / "groups.json").read_bytes()
    if damage == b'{"a": 2}':
        damage = whole.replace(b'"a": 1', b'"a": 2')
    (tmp_path / "groups.json").write_bytes(damage)
    assert read_kept(tmp_path, "groups.json") is None
    assert f"{tmp_path / 'groups.json'} is damaged" in capsys.readouterr().err
    write_kept(tmp_path, "groups.json", {"a": 1, "b": [0.5, None]})
    assert (tmp_path / "groups.json").read_bytes() == whole
    assert (tmp_path / "damaged" / "groups.json").read_bytes() == damage
    assert read_kept(tmp_path, "absent.json") is None


def test_files_of_older_versions_are_read_without_a_hash(tmp_path):
    (tmp_path / "groups.json").write_text(json.dumps({"rnn": {"num_devices": 1}}))
    assert read_kept(tmp_path, "groups.json") == {"rnn": {"num_devices": 1}}


@pytest.mark.parametrize("name", ["members.jsonl", "results.npz", "figures", "checkpoints/a.eqx"])
def test_links_in_a_run_folder_are_refused(tmp_path, name):
    folder = open_folder(tmp_path / "run", {"a": 1}, note=False)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).symlink_to(tmp_path)
    with pytest.raises(LinkError):
        open_folder(folder, {"a": 1}, note=False)


def test_only_what_a_kill_left_of_our_files_is_tidied_away(tmp_path):
    (tmp_path / "figures").mkdir()
    ours = ["members.csv.abcd0_12.partial", "figures/accuracy.png.abcd0_12.partial"]
    others = ["notes.partial", "figures/mine.partial", "members.csv.partial"]
    for name in (*ours, *others, "figures/accuracy.png"):
        (tmp_path / name).write_text("x")
    tidy(tmp_path)
    assert not any((tmp_path / name).exists() for name in ours)
    assert all((tmp_path / name).exists() for name in others)


def test_checkpoints_and_parts_are_removed_and_nothing_else(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    write_arrays(elsewhere / "part.npz", {"a": np.ones(2)})
    checkpoints, parts = tmp_path / "run" / "checkpoints", tmp_path / "run" / "stages"
    save_arrays(checkpoints / f"{'0a' * 8}.eqx", {"a": np.ones(2)}, {})
    write_arrays(parts / ("ab" * 20) / "part.npz", {"a": np.ones(2)})
    (checkpoints / f"{'0b' * 8}.eqx.abcd0_12.partial").write_text("x")
    (parts / ("ab" * 20) / "part.npz.abcd0_12.partial").write_text("x")
    others = [
        *(checkpoints / "mine.eqx", checkpoints / f"{'0c' * 8}.eqx", checkpoints / "notes.txt"),
        checkpoints / "thesis.eqx.abcd0_12.partial",
        *(parts / "mine.npz", parts / ("ab" * 20) / "mine.txt"),
        parts / ("ab" * 20) / "thesis.npz.abcd0_12.partial",
    ]
    for path in others:
        path.write_text("mine")
    np.savez(parts / "ours_not.npz", a=np.ones(2))
    (parts / "linked").symlink_to(elsewhere)
    drop_checkpoints(tmp_path / "run")
    drop_parts(parts, {"part"})
    assert sorted(os.listdir(checkpoints)) == sorted(path.name for path in others[:4])
    assert sorted(os.listdir(parts / ("ab" * 20))) == [others[-2].name, others[-1].name]
    assert sorted(os.listdir(parts)) == sorted(["ab" * 20, "linked", "mine.npz", "ours_not.npz"])
    assert all(path.read_text() == "mine" for path in others)
    assert (elsewhere / "part.npz").exists()


def test_a_sweep_that_a_part_kept_is_removed_and_what_lies_in_it_stays(tmp_path):
    kept = tmp_path / "stages" / ("ab" * 20) / "sweep"
    small.run(kept)
    drop_parts(tmp_path / "stages")
    assert not (tmp_path / "stages").exists()
    small.run(kept)
    mine = [kept / "mine.txt", kept / "chunks" / "mine.json", kept / "results.zarr" / "mine"]
    for path in mine:
        path.write_text("mine")
    drop_parts(tmp_path / "stages")
    assert sorted(path for path in kept.rglob("*") if path.is_file()) == sorted(mine)


def test_a_damaged_part_is_set_aside_and_computed_again(tmp_path, capsys):
    stages, computed = Stages(tmp_path / "stages" / "commit"), []

    def part():
        computed.append(1)
        return {"a": np.arange(3)}

    for _ in range(2):
        assert stages.each({"one": part})["one"]["a"].tolist() == [0, 1, 2]
    assert len(computed) == 1
    path = tmp_path / "stages" / "commit" / "one.npz"
    path.write_bytes(path.read_bytes()[:-40] + b"x" * 40)
    assert stages.each({"one": part})["one"]["a"].tolist() == [0, 1, 2]
    assert len(computed) == 2
    assert "one.npz is damaged: it differs from its own hash; set aside" in capsys.readouterr().err
    assert (tmp_path / "damaged" / "stages-commit-one.npz").exists()


@pytest.mark.parametrize("again", [False, True])
def test_a_folder_that_is_gone_or_another_one_is_noticed(tmp_path, again):
    folder = tmp_path / "run"
    with watching(folder) as check:
        check()
        shutil.rmtree(folder)
        if again:
            folder.mkdir()
        with pytest.raises(FolderGoneError, match="was removed, moved or replaced"):
            check()
