"""One writer at a time, between processes and within one."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from rhythmic import locks
from rhythmic.files import LinkError
from rhythmic.locks import LOCK, LockedError, writing
from rhythmic.records import append_rows, read_rows

# A package that holds its modules and nothing else: the real one imports JAX, which takes long.
HOLDER = """
import sys, types
from pathlib import Path
package = sys.modules["rhythmic"] = types.ModuleType("rhythmic")
package.__path__ = [str(Path(sys.argv[1]).parent)]
from rhythmic.locks import LockedError, writing
try:
    with writing(Path(sys.argv[2])):
        print("held", flush=True)
        sys.stdin.readline()
except LockedError as error:
    print(error)
"""


def holder(folder):
    """Start a process that takes the lock of a folder, and holds it until it is told to end."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, locks.__file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_lock_within_one_process(tmp_path):
    with writing(tmp_path):
        held_by = f"process {os.getpid()} on {socket.gethostname()}"
        assert (tmp_path / LOCK).read_text() == held_by + "\n"
        with pytest.raises(LockedError, match=re.escape(held_by)) as caught, writing(tmp_path):
            pass
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    with writing(tmp_path):
        pass


def test_a_second_process_is_refused_and_a_killed_one_leaves_no_lock(tmp_path):
    first = holder(tmp_path)
    try:
        assert first.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=f"process {first.pid} on "), writing(tmp_path):
            pass
        second = holder(tmp_path)
        said, _ = second.communicate()
        assert second.returncode == 0
        assert f"is being written by another process (process {first.pid} on" in said
        first.send_signal(signal.SIGKILL)
        first.communicate()
        with writing(tmp_path):
            assert f"process {os.getpid()} " in (tmp_path / LOCK).read_text()
    finally:
        first.kill()
        first.communicate()


def test_a_process_that_ends_gives_the_lock_to_the_next(tmp_path):
    first = holder(tmp_path)
    assert first.stdout.readline() == "held\n"
    first.communicate("\n")
    assert first.returncode == 0
    with writing(tmp_path):
        pass


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_where_a_file_system_has_no_locks_work_goes_on_and_that_is_told(
    tmp_path, monkeypatch, code
):
    def refuse(handle, operation):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    told = []
    with writing(tmp_path, told.append):
        assert (tmp_path / LOCK).read_text().startswith(f"process {os.getpid()}")
    assert told == [
        f"run_dir {tmp_path}: its file system has no locks; see that nobody else writes to it"
    ]
    append_rows(tmp_path / "rows.jsonl", [{"a": 1}])
    assert read_rows(tmp_path / "rows.jsonl") == [{"a": 1}]


def test_a_lock_that_is_a_link_is_refused_and_its_target_keeps_its_content(tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("mine\n")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK).symlink_to(keys)
    with pytest.raises(LinkError, match=LOCK), writing(tmp_path / "run"):
        pass
    assert keys.read_text() == "mine\n"


@pytest.mark.parametrize("content", [b"keys of the flat\n", b"process of law\n", b"\0\0a"])
def test_a_file_of_somebody_else_with_that_name_keeps_its_content(tmp_path, content):
    (tmp_path / LOCK).write_bytes(content)
    refused = pytest.raises(LockedError, match=r"another process \(not named\)")
    with writing(tmp_path), refused, writing(tmp_path):
        pass
    assert (tmp_path / LOCK).read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"\0" * 20, b"process 3 on host\n"])
def test_what_a_process_or_a_power_failure_left_is_taken_over(tmp_path, content):
    (tmp_path / LOCK).write_bytes(content)
    with writing(tmp_path):
        assert (tmp_path / LOCK).read_text() == f"process {os.getpid()} on {socket.gethostname()}\n"
