"""A comparison that is tuned, killed in the middle of a group, and goes on."""

import json
import signal
import subprocess
import sys
import time

import pytest

from rhythmic.sealed import SEAL
from tests.experiments.commands import ROOT, run_mnist

COMMAND = [
    *("--architectures", "rrn-log", "--seeds", "1"),
    *("--tuning-seeds", "8", "9", "--learning-rates", "0.003", "0.01", "--epochs", "4"),
    *("--devices", "2"),
]


def rows_of(folder):
    """Rows by member, without what depends on the clock, and the hash that holds it."""
    rows = [json.loads(line) for line in (folder / "members.jsonl").read_text().splitlines()]
    for row in rows:
        del row["seconds_last_sitting"], row[SEAL]
    return {row["member"]: row for row in rows}


@pytest.mark.slow
def test_a_killed_search_goes_on_to_the_same_bits(tmp_path):
    whole = run_mnist(*COMMAND, "--run-dir", str(tmp_path / "whole"))
    assert whole.returncode == 0, whole.stderr
    assert "Settings were chosen by mean validation accuracy" in whole.stdout

    command = [*COMMAND, "--run-dir", str(tmp_path / "killed")]
    process = subprocess.Popen(
        [sys.executable, "-m", "experiments.mnist", *command],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list((tmp_path / "killed" / "checkpoints").glob("*.eqx")):
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "members.jsonl").exists()

    resumed = run_mnist(*command)
    assert resumed.returncode == 0, resumed.stderr
    first_line = next(line for line in resumed.stderr.splitlines() if "epoch" in line)
    assert "epoch 1/4" not in first_line
    assert "from their checkpoint" in resumed.stderr
    assert rows_of(tmp_path / "killed") == rows_of(tmp_path / "whole")

    tested = [row for row in rows_of(tmp_path / "whole").values() if "confusion" in row]
    tuned = [row for row in rows_of(tmp_path / "whole").values() if "confusion" not in row]
    assert len(tuned) == 4
    assert all(row["test_accuracy"] is None for row in tuned)
    means = {
        rate: sum(r["validation_accuracy"] for r in tuned if r["learning_rate"] == rate)
        for rate in (0.003, 0.01)
    }
    assert [row["learning_rate"] for row in tested] == [max(means, key=means.get)]
