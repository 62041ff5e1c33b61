"""Power cuts imitated: what a disk holds at any instant is enough to go on with.

A process writes to a file system on a loop device. At random instants it is stopped, and the image
is copied: it holds what the file system had brought to the disk by then, and nothing else. Each
copy is mounted, as after a power failure, looked at, and the same command is run in it.
"""

import filecmp
import importlib.util
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rhythmic.records import read_rows
from rhythmic.sealed import read_sealed
from rhythmic.sweep.store import SweepStore

pytestmark = pytest.mark.slow

CHILD = Path(__file__).with_name("child.py")
CUTS = 10
SYSTEMS = {"ext4": 64, "xfs": 320}  # size in MB


def child():
    """Import the process's functions, to run them here."""
    described = importlib.util.spec_from_file_location("power_child", CHILD)
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


@pytest.fixture
def disk(tmp_path, request):
    """Make and mount a file system in a file; give its image and where it is mounted."""
    name = request.param
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        pytest.skip("mounting a loop device needs root and /dev/loop-control")
    if shutil.which(f"mkfs.{name}") is None:
        pytest.skip(f"there is no mkfs.{name}")
    image, place = tmp_path / "image", tmp_path / "disk"
    with open(image, "wb") as file:
        file.truncate(SYSTEMS[name] << 20)
    subprocess.run([f"mkfs.{name}", "-q", str(image)], check=True)
    try:
        mount(image, place, name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"a loop device cannot be mounted: {error.stderr.decode().strip()}")
    yield image, place, name
    subprocess.run(["umount", str(place)], check=True)


def mount(image, place, system):
    """Mount an image; a copy of a mounted xfs has the same name, which must be allowed."""
    place.mkdir(exist_ok=True)
    options = "loop,nouuid" if system == "xfs" else "loop"
    command = ["mount", "-t", system, "-o", options, str(image), str(place)]
    subprocess.run(command, capture_output=True, check=True)


def run_and_cut(kind, folder, image, copies, total):
    """Run the process; copy the image while it is stopped at random instants.

    Returns:
        for every copy, the lines that the process had said by then.
    """
    generator = random.Random(3)
    process = subprocess.Popen(
        [sys.executable, str(CHILD), kind, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    os.set_blocking(process.stdout.fileno(), False)
    said, known = b"", []
    at = sorted(generator.sample(range(total - 1), len(copies)))
    for copy, number in zip(copies, at, strict=True):
        # Some time after that many were finished, before or while the next one is written.
        while said.count(b"finished") < number and process.poll() is None:
            said += process.stdout.read() or b""
            time.sleep(0.0005)
        time.sleep(generator.uniform(0.0, 0.02))
        if process.poll() is not None:
            break
        os.kill(process.pid, signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        said += process.stdout.read() or b""
        known.append(said.decode().splitlines())
        copy_at_rest(image, copy)
        os.kill(process.pid, signal.SIGCONT)
    process.wait()
    process.stdout.close()
    return known


def copy_at_rest(image, copy):
    """Copy an image until two copies are the same: the kernel may still be writing."""
    again = copy.with_name(copy.name + ".again")
    for _ in range(20):
        for target in (copy, again):
            subprocess.run(["cp", "--sparse=always", str(image), str(target)], check=True)
        if filecmp.cmp(copy, again, shallow=False):
            again.unlink()
            return
    raise AssertionError("the image never came to rest")


def check_files(folder):
    """See that every file of ours is whole: none empty, each JSON with its checksum."""
    for path in folder.rglob("*") if folder.exists() else []:
        if not path.is_file() or path.name == "lock" or path.name.endswith(".partial"):
            continue
        assert path.stat().st_size, f"{path} is empty"
        if path.suffix == ".jsonl":
            read_rows(path)
        elif path.suffix == ".json" and path.name != "zarr.json":
            read_sealed(path) if path.parent.name == "chunks" else json.loads(path.read_text())


@pytest.mark.parametrize("disk", list(SYSTEMS), indirect=True)
@pytest.mark.parametrize("kind", ["sweep", "training"])
def test_the_same_command_goes_on_after_a_power_cut(kind, disk, tmp_path, capfd):
    image, place, system = disk
    module = child()
    expected = module.KINDS[kind](tmp_path / "undisturbed")
    total = {"sweep": module.CHUNKS, "training": module.GROUPS}[kind]
    copies = [tmp_path / f"copy-{number}" for number in range(CUTS)]
    known = run_and_cut(kind, place / "run", image, copies, total)
    assert len(known) >= CUTS // 2, "the process ended too soon to be cut"
    capfd.readouterr()
    mid_way = 0
    for copy, lines in zip(copies, known, strict=False):
        finished = {line.split()[1] for line in lines if line.startswith("finished")}
        mid_way += 0 < len(finished) < total
        after = tmp_path / "after"
        mount(copy, after, system)
        try:
            folder = after / "run"
            check_files(folder)
            if kind == "sweep" and (folder / "sweep.json").exists():
                assert not [d for d in SweepStore.open(folder).damages() if d.what != "missing"]
            found = module.KINDS[kind](folder)
            begun = {
                line.split()[1]
                for line in capfd.readouterr().out.splitlines()
                if line.startswith("begun")
            }
            assert len(begun & finished) <= 1, sorted(begun & finished)
            assert found.keys() == expected.keys()
            for name, values in expected.items():
                np.testing.assert_array_equal(found[name], values)
        finally:
            subprocess.run(["umount", str(after)], check=True)
    assert mid_way >= 2, "no cut fell between the first and the last chunk"
