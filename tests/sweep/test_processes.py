"""Several processes compute the bits that one computes, at an equal shape on each device."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rhythmic.sweep.processes import join_processes

CHILD = Path(__file__).with_name("child_of_several.py")
NAMES = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")


def start(folder, num_devices, place=None):
    """Start a process; ``place`` are the variables that say where it stands."""
    foreign = (*NAMES, "SLURM_NTASKS", "SLURM_STEP_NODELIST")
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    command = [sys.executable, str(CHILD), str(folder), str(num_devices)]
    return subprocess.Popen(
        command,
        env=environment | (place or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def named_place(port, own):
    """Return the variables that a user sets by hand."""
    return dict(zip(NAMES, (f"127.0.0.1:{port}", "2", str(own)), strict=True))


def slurm_place(port, own):
    """Return the variables that Slurm sets; JAX takes the port from the number of the job."""
    first_port = 65536 - 2**12
    return {
        "SLURM_JOB_ID": str(port - first_port),
        "SLURM_STEP_NODELIST": "localhost",
        "SLURM_NTASKS": "2",
        "SLURM_PROCID": str(own),
        "SLURM_LOCALID": str(own),
    }


def output(process):
    """Wait for a process and return what it printed."""
    printed, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return printed


def free_port():
    """Return a port of this machine that nothing listens on, among those that Slurm's jobs take."""
    for port in range(65536 - 2**12, 65536):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="module")
def of_one_process(tmp_path_factory):
    """The folder of a process with four devices."""
    folder = tmp_path_factory.mktemp("one")
    assert "devices 4 of which here 4" in output(start(folder, 4))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("place", [named_place, slurm_place])
def test_two_processes_of_two_devices_equal_one_of_four(
    place, of_one_process, tmp_path, stored_bytes
):
    port = free_port()
    for process in [start(tmp_path, 2, place(port, own)) for own in (0, 1)]:
        assert "devices 4 of which here 2" in output(process)
    for kind in ("plain", "stages"):
        assert stored_bytes(of_one_process / kind) == stored_bytes(tmp_path / kind)


@pytest.mark.parametrize("given", [1, 2])
def test_a_place_that_is_named_in_part_is_refused(monkeypatch, given):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name in NAMES[:given]:
        monkeypatch.setenv(name, "127.0.0.1:1" if name == NAMES[0] else "2")
    with pytest.raises(ValueError, match=f"{NAMES[given]} is not set"):
        join_processes()


def test_a_place_that_is_no_number_is_refused(monkeypatch):
    for name, value in zip(NAMES, ("127.0.0.1:1", "two", "0"), strict=True):
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="must be whole numbers"):
        join_processes()


def test_one_process_stays_alone(monkeypatch):
    for name in (*NAMES, "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)
    join_processes()
