"""Fixtures that every test may use."""

from collections.abc import Iterator

import jax
import pytest


@pytest.fixture
def x64() -> Iterator[None]:
    """Double precision for one test, as a context, so that no other test sees it."""
    with jax.enable_x64(True):
        yield
