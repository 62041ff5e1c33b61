"""Training killed by a real SIGKILL, at any instant, ends with the bytes of one that is not."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("child.py")
CHAINS, KILLS = 9, 8

pytestmark = pytest.mark.slow


def child(folder, kill_at=0):
    """Train in a process; return its output by line, and whether it was killed."""
    command = [sys.executable, str(CHILD), str(folder), str(kill_at)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.stdout.splitlines(), done.returncode != 0


def bytes_of(folder):
    """Return the bytes of networks and history, and the result but for its seconds."""
    names = [*folder.glob("network-*"), folder / "history.csv"]
    result = json.loads((folder / "result.json").read_text())
    return {path.name: path.read_bytes() for path in names} | {"result": result | {"seconds": 0}}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The bytes of a training without a kill, and the number of its touches."""
    folder = tmp_path_factory.mktemp("undisturbed")
    lines, killed = child(folder)
    assert not killed
    return bytes_of(folder), int(lines[-1].split()[1])


@pytest.mark.parametrize("chain", range(CHAINS))
def test_many_kills_of_a_training(chain, tmp_path, undisturbed):
    expected, touches = undisturbed
    generator = random.Random(chain)
    kills, before = 0, set()
    while True:
        kill_at = generator.randint(1, touches // 4) if kills < KILLS else 0
        lines, killed = child(tmp_path, kill_at)
        begun = [line for line in lines if line.startswith("epoch")]
        assert len(begun) == len(set(begun))
        # One epoch is trained again for each kill, at most.
        assert len(before & set(begun)) <= 1
        before |= set(begun)
        if not killed:
            break
        kills += 1
    assert kills >= 6
    assert bytes_of(tmp_path) == expected
