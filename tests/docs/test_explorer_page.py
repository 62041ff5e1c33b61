"""The explorer's page stands alone, and answers the pointer and the arrow keys."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from rhythmic import theory

FOLDER = Path(__file__).parents[2] / "docs" / "explorer"


def built() -> ModuleType:
    specification = importlib.util.spec_from_file_location("explorer_build", FOLDER / "build.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_page_is_the_one_that_its_parts_make():
    page = (FOLDER / "index.html").read_text("utf-8")
    assert page == built().assemble(), "run: python docs/explorer/build.py"


def test_the_page_needs_no_other_file_and_its_mathematics_no_page():
    page = (FOLDER / "index.html").read_text("utf-8")
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!data:)|@import|url\(|https?:|\bfetch\(", page)
    assert "default-src 'none'" in page
    mathematics = re.search(r'<script id="mathematics">(.*?)</script>', page, re.DOTALL)
    assert mathematics
    assert not re.search(r"document|canvas|addEventListener|location", mathematics[1])


DRAGS = """
const plane = at("#plane canvas"), circle = at("#circle canvas"), states = {};
const pixel = explorer.place("plane", 0, 0).clientX - explorer.place("plane", -1, 0).clientX;
const first = now();
drag(plane, "plane", [first.w1, first.w2], [0.5, -0.5]);
states.dragged = now();
states.said = [plane.getAttribute("aria-valuetext"), at("#regime").textContent];
pointer(plane, "pointermove", explorer.place("plane", -1, 0.3));
states.released = now();
drag(plane, "plane", [0, 0.5], [9, 9]);
states.outside = now();
drag(plane, "plane", [0, 0], [-1, 0.3], { pointerType: "touch" });
states.scrolled = now();
pointer(plane, "click", explorer.place("plane", -1, 0.3), { pointerType: "touch" });
states.tapped = now();
drag(plane, "plane", [-1, 0.3], [1.2, -0.8], { pointerType: "touch" });
states.touched = now();
drag(circle, "circle", [0.6, Math.sqrt(0.8 - 0.36)], [0.3, 0.4]);
states.root = now();
drag(circle, "circle", [0.3, -0.4], [0.7, 0.001]);
states.met = now();
drag(circle, "circle", [0.7, 0.0], [-0.9, 0.0]);
states.parted = now();
drag(at("#distance canvas"), "distance", [1.618, 0.1], [2.2, 0.2]);
states.ratio = now().ratio;
pointer(at("#free canvas"), "pointermove", { clientX: 900, clientY: 200 });
explorer.draw();
states.tip = [at("#free .tip").hidden, at("#free .tip").textContent];
answer({ states, pixel });
"""


@pytest.mark.usefixtures("x64")
def test_pointer_drags_the_point_the_roots_and_the_ratio(ask):
    found = ask(DRAGS)
    states, half_pixel = found["states"], 0.6 / found["pixel"]

    def near(name, w1, w2):
        state = states[name]
        assert abs(state["w1"] - w1) < 2 * half_pixel, name
        assert abs(state["w2"] - w2) < 2 * half_pixel, name

    near("dragged", 0.5, -0.5)
    assert states["said"][1] == "oscillates and disappears"
    assert states["said"][0].endswith("Hz")
    near("released", 0.5, -0.5)
    assert (states["outside"]["w1"], states["outside"]["w2"]) == (2.4, 1.4)
    assert (states["scrolled"]["w1"], states["scrolled"]["w2"]) == (2.4, 1.4)
    near("tapped", -1, 0.3)
    near("touched", 1.2, -0.8)
    near("root", 0.6, -0.25)
    near("met", 1.4, -0.49)
    roots = np.sort(theory.second_order_roots(states["parted"]["w1"], states["parted"]["w2"]).real)
    np.testing.assert_allclose(roots, [-0.9, 0.7], atol=0.02)
    assert abs(states["ratio"] - 2.2) < 0.01
    assert states["tip"][0] is False
    assert "h = " in states["tip"][1]


@pytest.mark.slow
def test_arrow_keys_move_the_point_in_whole_and_in_fine_steps(ask):
    found = ask(
        """
    const plane = at("#plane canvas"), seen = [];
    const note = () => { const { w1, w2 } = now(); seen.push([w1, w2]); };
    explorer.change({ w1: 1, w2: -0.5 });
    for (let k = 0; k < 10; k++) press(plane, "ArrowRight");
    note();
    for (let k = 0; k < 3; k++) press(plane, "ArrowUp", { shiftKey: true });
    note();
    press(plane, "ArrowLeft"); press(plane, "ArrowDown");
    note();
    explorer.change({ zoom: 100 });
    for (let k = 0; k < 300; k++) press(plane, "ArrowRight");
    note();
    const { centre1 } = now();
    press(plane, "Tab");
    note();
    const free = at("#free canvas");
    press(free, "ArrowRight"); press(free, "ArrowRight");
    explorer.draw();
    answer({ seen, centre1, tip: at("#free .tip").textContent,
      focusable: [...document.querySelectorAll("canvas")].every((c) => c.tabIndex === 0),
      named: [...document.querySelectorAll("canvas")].every((c) => c.getAttribute("aria-label")),
      labelled: [...document.querySelectorAll("input, select")].every((i) => i.labels.length === 1),
    });
    """
    )
    expected = [[1.1, -0.5], [1.1, -0.497], [1.09, -0.51], [1.12, -0.51], [1.12, -0.51]]
    np.testing.assert_allclose(found["seen"], expected, atol=1e-9)
    assert found["seen"][:3] == expected[:3]  # round numbers, not sums of rounding errors
    assert abs(found["centre1"] - 1.12) < 0.024
    assert found["tip"].startswith("t = 1 steps")
    assert found["focusable"]
    assert found["named"]
    assert found["labelled"]
