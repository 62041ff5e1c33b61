"""Fixtures that every test may use, and how programs are compiled for tests."""

import os
from collections.abc import Iterator

# Most of the tests' time is compilation, so they and the processes that they start compile with few
# optimizations: a quarter less. The sessions of nox compile as users do (JAX reads this at import).
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")

import jax
import pytest


@pytest.fixture
def x64() -> Iterator[None]:
    """Double precision for one test, as a context, so that no other test sees it."""
    with jax.enable_x64(True):
        yield
