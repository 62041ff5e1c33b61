"""The estimate of the time left, from given measurements."""

import pytest

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
    epochs, starts, tests = (
        Progress(dict(work)) for work in ({"a": 10, "b": 10}, {"a": 1, "b": 1}, {"a": 1, "b": 1})
    )
    starts.finished("a", 24.0)
    epochs.finished("a", 2.0)
    # 19 epochs of 2 s and one more start; what tests take is not known yet.
    assert epochs.time_left(starts, tests) == "at least 1:02"
    for _ in range(9):
        epochs.finished("a", 2.0)
    tests.finished("a", 30.0)
    assert epochs.time_left(starts, tests) == "about 1:14"  # 10 x 2 + 24 + 30 s
    starts.finished("b", 20.0)
    epochs.finished("b", 1.0)
    assert epochs.time_left(starts, tests) == "about 0:39"  # 9 x 1 + 30 s, the test unmeasured
    tests.finished("b", 10.0)
    assert epochs.time_left(starts, tests) == "0:09"


def test_nothing_left():
    progress = Progress({"kind": 1})
    progress.finished("kind", 10.0)
    assert progress.time_left() == "0:00"


def test_nothing_measured_gives_no_number():
    text = Progress({"kind": 3}).time_left()
    assert not any(character.isdigit() for character in text)


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
