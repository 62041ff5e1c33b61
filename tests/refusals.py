"""One test of every call that must be refused, from a table of the messages."""

from collections.abc import Callable
from typing import Any

import pytest


def refusals(
    cases: dict[str, Callable[[], Any]], error: type[Exception] = ValueError
) -> Callable[[str], None]:
    """Return the test that each call of ``cases`` is refused in one line that its key matches."""

    @pytest.mark.parametrize("message", cases)
    def test(message: str) -> None:
        with pytest.raises(error, match=message) as caught:
            cases[message]()
        assert "\n" not in str(caught.value)

    return test
