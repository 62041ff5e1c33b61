"""Whether there is a browser for the tests that need one."""

import os

import pytest

from docs import probe

VARIABLE = "RHYTHMIC_TESTS_NEED_BROWSER"


def require() -> None:
    """Skip where no Chromium is installed; fail where the environment says that one must be."""
    if probe.CHROMIUM is not None:
        return
    if os.environ.get(VARIABLE):
        pytest.fail(f"{probe.NO_BROWSER}, and {VARIABLE} is set")
    pytest.skip(f"{probe.NO_BROWSER}; with {VARIABLE}=1 this fails")
