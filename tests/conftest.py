"""Fixtures that every test may use, and how programs are compiled for tests."""

import os
from collections.abc import Iterator
from importlib.metadata import version

import pytest

# Known to JAX 0.10; a later XLA ends at a flag that it does not know.
FLAG = "--xla_cpu_use_fusion_emitters=false"


def pytest_configure() -> None:
    """Compile with few optimizations, here and in the processes that tests start.

    Most of the tests' time is compilation, and this halves it. The sessions of nox compile as
    users do.
    """
    if os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1") != "1":
        return
    flags = os.environ.get("XLA_FLAGS", "").split()
    if version("jaxlib").startswith("0.10.") and FLAG not in flags:
        os.environ["XLA_FLAGS"] = " ".join([*flags, FLAG])


@pytest.fixture
def x64() -> Iterator[None]:
    """Double precision for one test, as a context, so that no other test sees it."""
    import jax  # not above: JAX reads the variables as it is imported

    with jax.enable_x64(True):
        yield
