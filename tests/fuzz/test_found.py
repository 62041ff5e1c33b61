"""What random draws found, each kept as it was."""

import numpy as np
import pytest

from rhythmic.rhythms.spacing import scan_ratios
from rhythmic.stability import matrix_modes
from rhythmic.static.hopfield_estimates import crossing_load

FOUND = {
    "no time step": (lambda: matrix_modes(np.eye(2), np.float32(np.nan)), "dt is nan; it must be"),
    "no bands": (lambda: scan_ratios(np.zeros(0), np.array([1.5])), "centres holds 0; two or more"),
    "a share of no load": (lambda: crossing_load(np.arange(3.0), 3, 0.5), "share "),
}


@pytest.mark.parametrize("found", FOUND)
def test_it_is_refused_by_name(found):
    call, message = FOUND[found]
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
