"""One flipped bit anywhere in the folder of a sweep is found, or changes nothing that is read."""

import random
import shutil

import numpy as np
import pytest

from rhythmic.records import PROVENANCE, read_rows
from rhythmic.sealed import DamagedFileError
from rhythmic.sweep import Grid, Output, Sweep, linear_axis, run_sweep, values_axis
from rhythmic.sweep.dataset import open_sweep
from rhythmic.sweep.plan import COPY, DESCRIPTION, LOG, RefusedError
from rhythmic.sweep.store import SweepStore

FLIPS = 200
ADVISORY = {LOG, PROVENANCE, "lock"}  # times, hosts and versions, which are no results


def run(folder):
    axes = (linear_axis("gain", 1, 2, 6, ""), values_axis("scale", [1.0, 2.0, 4.0], "Hz"))
    outputs = {"product": Output("mV", "their product"), "sum": Output("")}
    sweep = Sweep(
        "small",
        lambda gain, scale: {"product": gain * scale, "sum": gain + scale},
        Grid(axes),
        outputs,
    )
    return run_sweep(sweep, folder=folder, chunk_points=3, quiet=True)


def read(folder):
    """Return every number and attribute of a folder that a reader can see."""
    dataset = open_sweep(folder).load()
    return {
        str(name): (values.values.tobytes(), values.dims, values.attrs)
        for name, values in dataset.variables.items()
    } | {"about": dataset.attrs}


def read_or_refusal(folder):
    """Return what is read, None, or None and what the refusal says."""
    try:
        return read(folder), None
    except DamagedFileError as error:
        return None, str(error)


@pytest.mark.slow
def test_every_flipped_bit_is_found_or_changes_nothing(tmp_path, capsys):
    whole = tmp_path / "whole"
    run(whole)
    expected = read(whole)
    stored = {
        path.relative_to(whole): path.read_bytes()
        for path in sorted(whole.rglob("*"))
        if path.is_file()
    }
    generator = random.Random(7)
    # Every file in turn, so that small ones are met as often as large ones.
    names = [name for name in stored if stored[name]]
    found = dict.fromkeys(("read", "verified", "rows"), 0)
    for number in range(FLIPS):
        name = names[number % len(names)]
        folder = tmp_path / "run"
        shutil.copytree(whole, folder)
        content = bytearray(stored[name])
        place = generator.randrange(len(content))
        content[place] ^= 1 << generator.randrange(8)
        (folder / name).write_bytes(content)
        where = (str(name), place)
        seen, refusal = read_or_refusal(folder)
        assert seen == expected if refusal is None else name.name in refusal, where
        found["read"] += refusal is not None
        try:
            damages = list(SweepStore.open(folder).damages())
        except DamagedFileError:
            damages = [name]
        if name.name in ADVISORY:
            assert not damages
            if name.suffix == ".jsonl":
                try:
                    assert read_rows(folder / name) == read_rows(whole / name), where
                except DamagedFileError:
                    found["rows"] += 1
        else:
            assert damages, where
            found["verified"] += 1
        # Found by the next call as well, which makes it whole again; a folder whose lock no longer
        # reads as ours is still resumed, since its description does.
        result = run(folder)
        assert np.asarray(result.arrays["product"]).tobytes() == expected["product"][0], where
        assert read(folder) == expected, where
        assert not list(SweepStore.open(folder).damages()), where
        shutil.rmtree(folder)
    with capsys.disabled():
        print(f" {FLIPS} flips in {len(names)} files: {found}")
    assert found["verified"] > FLIPS // 2
    assert found["read"] > FLIPS // 3  # the metadata are read from the description


def test_a_folder_whose_description_and_its_copy_are_gone_is_refused_not_guessed(tmp_path):
    run(tmp_path / "run")
    for name in (DESCRIPTION, COPY):
        (tmp_path / "run" / name).write_bytes(b"\0")
    before = {p: p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file()}
    with pytest.raises(RefusedError, match="no sweep; name a new folder"):
        run(tmp_path / "run")
    assert {p: p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file()} == before
