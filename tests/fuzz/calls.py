"""A call with an argument that it should not have, and what is wrong with what comes of it."""

import contextlib
import inspect
import signal
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from rhythmic.data import DataUnavailableError
from tests.fuzz.hostile import NAN_IS_A_VALUE, may_not_be
from tests.fuzz.sound import arguments
from tests.fuzz.subjects import Subject, subjects

PACKAGE = str(Path(inspect.getfile(Subject)).parents[2] / "rhythmic")
SUBJECTS = subjects()
DOCUMENTED = (ValueError, TypeError, RuntimeError, DataUnavailableError, NotImplementedError)
LONGEST = 5.0  # seconds of one call, beyond what a sound one takes to compile


def replaceable(name: str) -> list[inspect.Parameter]:
    """Return the parameters of a callable that a hostile value may be given to."""
    return [
        parameter
        for parameter in inspect.signature(SUBJECTS[name].call).parameters.values()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def fault_of(name: str, changed: dict[str, Any]) -> str:
    """Call with some arguments changed; return what is wrong with what came of it, if anything."""
    call = SUBJECTS[name].call
    given = {**arguments(name, call), **changed}
    begin = time.process_time()
    try:
        with warnings.catch_warnings(), interrupted(12 * LONGEST):
            warnings.simplefilter("ignore")
            call(**given)
    except DOCUMENTED as error:
        return ill_told(error, changed)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]} {place_of(error)}"
    seconds = time.process_time() - begin
    if seconds > LONGEST and not excused(name, seconds):
        return f"took {seconds:.1f} s"
    parameters = {parameter.name: parameter for parameter in replaceable(name)}
    for argument, value in changed.items():
        open_to_nan = f"{name.split('.')[-1]}.{argument}" in NAN_IS_A_VALUE
        if value is parameters[argument].default or (
            open_to_nan and isinstance(value, float | np.floating)
        ):
            continue
        why = may_not_be(argument, parameters[argument].annotation, value)
        if why:
            return f"accepted {argument} in silence: {why}"
    return ""


@contextlib.contextmanager
def interrupted(seconds: float) -> Iterator[None]:
    """Raise a TimeoutError in what takes longer, so that a call that hangs is named."""

    def stop(*args: Any) -> None:
        raise TimeoutError(f"no end after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def ill_told(error: Exception, changed: dict[str, Any]) -> str:
    """Say what is wrong with an error: not ours, not one line, or without the argument's name."""
    text = str(error)
    innermost = traceback.extract_tb(error.__traceback__)[-1].filename
    if not innermost.startswith(PACKAGE):
        return f"{type(error).__name__} from elsewhere: {text[:200]} {place_of(error)}"
    if isinstance(error, TypeError) and not any(name in text for name in changed):
        return f"TypeError without the name: {text[:200]}"
    if len(text.splitlines()) != 1 or "\x1b" in text:
        return f"not one line: {text[:200]!r}"
    return ""


def place_of(error: BaseException) -> str:
    """Return the last line of ours in a traceback."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if PACKAGE in one.filename]
    return f"({frames[-1].filename.removeprefix(PACKAGE)}:{frames[-1].lineno})" if frames else ""


def excused(name: str, seconds: float) -> bool:
    """Tell whether a sound call, compiled as freshly, takes as long."""
    jax.clear_caches()
    begin = time.process_time()
    call = SUBJECTS[name].call
    call(**arguments(name, call))
    return seconds < LONGEST + 2 * (time.process_time() - begin)
