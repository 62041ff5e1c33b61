"""Which cases of a long table every run of the tests has."""

from collections.abc import Iterable
from typing import Any

import pytest


def rest_slow(cases: Iterable[Any], *kept: Any) -> list[Any]:
    """Return the cases for ``parametrize``: those ``kept`` as they are, the others marked slow.

    Raises:
        ValueError: for one that is kept and not among them.
    """
    cases = list(cases)
    absent = [case for case in kept if case not in cases]
    if absent:
        raise ValueError(f"kept holds {absent[0]!r}; it must be one of the cases")
    rows = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [
        case if case in kept else pytest.param(*row, marks=pytest.mark.slow)
        for case, row in zip(cases, rows, strict=True)
    ]


# Programs this small take longer to compile than to run.
QUICK_COMPILATION = {"xla_backend_optimization_level": 1}
