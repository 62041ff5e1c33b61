"""The estimate of the time left, from given measurements."""

import os
import subprocess
import sys

import pytest

from rhythmic import progress
from rhythmic.progress import Progress, clock, show


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (9.4, "0:09"),
        (59.6, "1:00"),
        (61, "1:01"),
        (3599.7, "1:00:00"),
        (3661, "1:01:01"),
        (100 * 3600 + 5, "100:00:05"),
    ],
)
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_time_left_once_every_kind_is_measured():
    progress = Progress({"fast": 3, "slow": 2})
    progress.finished("fast", 10.0)
    progress.finished("slow", 60.0)
    assert progress.remaining == {"fast": 2, "slow": 1}
    assert progress.time_left() == "1:20"  # 2 x 10 s + 1 x 60 s


def test_an_unmeasured_kind_is_as_slow_as_the_slowest():
    progress = Progress({"fast": 2, "slow": 2, "unknown": 4})
    progress.finished("fast", 10.0)
    progress.finished("slow", 20.0)
    assert progress.time_left() == "about 1:50"  # 10 + 20 + 4 x 20 s
    progress.remaining["unknown"] = 0
    assert progress.time_left() == "0:30"


def test_the_newest_measurement_weighs_a_third():
    progress = Progress({"kind": 10})
    progress.finished("kind", 10.0)
    progress.finished("kind", 40.0)
    assert progress.seconds["kind"] == pytest.approx(20.0)
    progress.finished("kind", 20.0)
    assert progress.seconds["kind"] == pytest.approx(20.0)
    assert progress.time_left() == "2:20"


def test_what_a_run_does_beside_its_epochs_is_counted():
    numbers = {"epoch": 10, "start": 1, "test": 1}
    progress = Progress({(sort, name): n for sort, n in numbers.items() for name in "ab"})
    assert progress.time_left() == "an unknown time"
    progress.finished(("start", "b"), 0.0)
    assert progress.time_left() == "an unknown time"  # and not "at least 0:00"
    progress = Progress({(sort, name): n for sort, n in numbers.items() for name in "ab"})
    progress.finished(("start", "a"), 24.0)
    progress.finished(("epoch", "a"), 2.0)
    # 19 epochs of 2 s and one more start; what tests take is not known yet.
    assert progress.time_left() == "at least 1:02"
    progress.finished(("epoch", "a"), 2.0, count=9)
    progress.finished(("test", "a"), 30.0)
    assert progress.time_left() == "about 1:14"  # 10 x 2 + 24 + 30 s
    progress.finished(("start", "b"), 20.0)
    progress.finished(("epoch", "b"), 1.0)
    assert progress.time_left() == "about 0:39"  # 9 x 1 + 30 s, the test unmeasured
    progress.finished(("test", "b"), 10.0)
    assert progress.time_left() == "0:09"


def test_laps_leave_out_what_compiling_took(monkeypatch):
    clock, compiled = [0.0], [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: clock[0])
    steps = Progress({"step": 2}, compiled=lambda: compiled[0])
    clock[0], compiled[0] = 5.0, 3.0
    assert steps.lap() == 2.0
    clock[0] = 6.0
    assert steps.lap() == 1.0


def test_a_line_stays_every_ten_seconds_and_tells_the_time_left(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    steps = Progress({"step": 3}, name="run")
    for now[0] in (5.0, 10.5, 15.0):
        steps.finished("step", 5.0)
        steps.show("loss 1.0", warning="1 not finite")
    steps.show("done", final=True)
    assert capsys.readouterr().err.splitlines() == [
        "run: loss 1.0 | 0:05 left | 1 not finite",
        "run: done",
    ]


def test_only_final_lines_reach_a_file(capsys):
    show("on the way", final=False)
    show("done")
    captured = capsys.readouterr()
    assert captured.err == "done\n"
    assert captured.out == ""


def test_a_terminal_line_is_written_over(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    show("on the way", final=False)
    show("done")
    assert capsys.readouterr().err == "\r\033[Kon the way\r\033[Kdone\n"


class Broken:
    """A stream that takes nothing, as a full disk or a pipe without a reader."""

    def isatty(self):
        return False

    def write(self, text):
        raise OSError(28, "No space left on device")

    flush = write


@pytest.mark.parametrize("stream", [None, Broken()])
def test_a_stream_that_takes_nothing_ends_nothing(monkeypatch, stream):
    monkeypatch.setattr("sys.stderr", stream)
    show("lost")


def test_what_a_terminal_would_obey_is_written_out(capsys):
    show("run \033]0;title\a\033[2J\n\u202egnp.exe \udc80 é – ok")
    expected = r"run \x1b]0;title\x07\x1b[2J\n\u202egnp.exe \udc80 é – ok"
    assert capsys.readouterr().err == expected + "\n"


# Runs the module alone, with streams as the shell gave them.
CHILD = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("progress", sys.argv[1])
progress = sys.modules["progress"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(progress)
progress.steady_streams()
file = open(sys.argv[2], "w", encoding="utf-8")
for number in range(3000):
    print("0.5 \\u2013 0.6")
    progress.show("line")
progress.tell_unwritten()
file.write("to the end")
"""


@pytest.mark.parametrize("streams", ["2>&-", ">&- 2>&-", "2>/dev/full", ">/dev/full", "2>&1 | :"])
def test_a_command_goes_on_whatever_its_streams_are(tmp_path, streams):
    child, end = tmp_path / "child.py", tmp_path / "end"
    child.write_text(CHILD)
    command = f'"$0" -S "$1" "$2" "$3" {streams}; exit ${{PIPESTATUS[0]}}'
    arguments = [sys.executable, str(child), progress.__file__, str(end)]
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        ["bash", "-c", command, *arguments], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0
    assert end.read_text() == "to the end"
    if streams == ">/dev/full":
        assert done.stderr.endswith(b"and is incomplete\n")
    if streams == "2>/dev/full":
        assert done.stdout.startswith(b"0.5 ? 0.6\n")
