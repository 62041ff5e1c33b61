"""What the tests of sweeps share: child processes, and the bytes of a run folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rhythmic.sweep import plan
from rhythmic.sweep.plan import COPY, DESCRIPTION, RECORDS, RESULTS

CHILD = Path(__file__).with_name("child.py")


def child(kind, folder, kill_at=0, *, seconds=None):
    """Run the sweep of ``child.py``; kill it at a touch of its folder, or after some seconds.

    Returns:
        its output by line, and whether it was killed.
    """
    command = [sys.executable, str(CHILD), kind, str(folder), str(kill_at)]
    # XLA says at its start what it found, or not, on stderr.
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        output, errors = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), errors
    return output.splitlines(), process.returncode != 0


def bytes_of(folder):
    """Return every byte that a result is made of, by file."""
    described = [folder / DESCRIPTION, folder / COPY]
    parts = [*described, *(folder / RECORDS).iterdir(), *(folder / RESULTS).rglob("*")]
    return {p.relative_to(folder): p.read_bytes() for p in parts if p.is_file()}


@pytest.fixture(scope="module")
def blocks_of_one_chunk():
    """Store every chunk by itself, however small it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "BLOCK_BYTES", 1)
        patch.setattr(plan, "MOST_BLOCKS", 10**6)
        yield


@pytest.fixture(scope="session")
def run_child():
    """The function that runs a child process."""
    return child


@pytest.fixture(scope="session")
def stored_bytes():
    """The function that reads the bytes of a folder."""
    return bytes_of


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """Run each kind of sweep once without a kill: its bytes, and the number of its touches."""
    known = {}

    def run(kind):
        if kind not in known:
            folder = tmp_path_factory.mktemp(f"undisturbed-{kind}")
            lines, killed = child(kind, folder)
            assert not killed
            known[kind] = bytes_of(folder), int(lines[-1].split()[1])
        return known[kind]

    return run
