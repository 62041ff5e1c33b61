"""Ctrl-C ends a command with the exit status 130, whatever the way down would do."""

import os
import signal
import subprocess
import sys

import pytest

from rhythmic.interruption import INTERRUPTED, is_command, refuse, stopping
from rhythmic.locks import LOCK, writing

# A command that says that it has begun, and then takes long. Ending the usual way, it crashes, as
# it does with XLA at work in its threads.
CHILD = """
import atexit, importlib, os, runpy, signal, sys, time

signal.signal(signal.SIGINT, signal.default_int_handler)
module, patched, *arguments = sys.argv[1:]
atexit.register(os.abort)


def slow(*arguments, **options):
    print("not flushed")
    os.write(1, b"begun\\n")
    time.sleep(60)


target, name = patched.rsplit(".", 1)
setattr(importlib.import_module(target), name, slow)
sys.argv = [module, *arguments]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def interrupted(tmp_path, module, patched, *arguments):
    """Run a command whose function ``patched`` is slow, and interrupt it; return what it said."""
    child = tmp_path / "child.py"
    child.write_text(CHILD)
    environment = {"PYTHONPATH": os.getcwd(), "JAX_PLATFORMS": "cpu", "PYTHONUNBUFFERED": ""}
    with subprocess.Popen(
        [sys.executable, str(child), module, patched, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    ) as process:
        begun = process.stdout.readline()
        process.send_signal(signal.SIGINT if begun == "begun\n" else signal.SIGKILL)
        out, err = process.communicate(timeout=60)
    assert begun == "begun\n", err
    return process.returncode, out, err


def test_an_experiment_ends_at_once_with_its_lock_given_back(tmp_path):
    folder = tmp_path / "run"
    status, out, err = interrupted(
        tmp_path,
        "experiments.feedforward",
        "experiments.script.compute",
        *("--preset", "smoke", "--run-dir", str(folder)),
    )
    assert status == 130 == INTERRUPTED
    assert out == "not flushed\n"
    lines = err.splitlines()
    assert lines[0] == f"run folder: {folder}"
    assert lines[1].startswith("stopped; at this commit the same command goes on")
    assert len(lines) == 2
    assert (folder / LOCK).exists()
    with writing(folder):
        pass


@pytest.fixture
def heard():
    """Interrupts are heard, also where the tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_another_program_lives_on(tmp_path, capsys):
    assert not is_command()
    with pytest.raises(SystemExit) as stopped, stopping("stopped; all is well"), writing(tmp_path):
        signal.raise_signal(signal.SIGINT)
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "stopped; all is well\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(SystemExit), stopping("stopped"):
        raise KeyboardInterrupt


def test_what_is_no_interrupt_passes_through():
    with pytest.raises(SystemExit, match="error: no"), stopping("stopped"):
        sys.exit("error: no")
    with stopping("stopped"):
        pass


def test_an_error_is_one_line_that_no_terminal_obeys():
    with pytest.raises(SystemExit) as stopped:
        refuse(ValueError("run_dir \033[31mred\n  and more"))
    assert stopped.value.code == r"error: run_dir \x1b[31mred and more"
