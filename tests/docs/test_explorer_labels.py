"""Names of vertical lines stay in their chart, apart from one another."""

import itertools

import pytest

from tests.marks import rest_slow

# What the canvas of a chart is told to write: text, its edges in CSS pixels and its height there.
PROBE = """
history.replaceState = () => {}; // a frame without an address has none to write to
const written = [];
const original = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const size = this.measureText(text).width;
  const from = { left: x, right: x - size, center: x - size / 2 }[this.textAlign];
  const chart = this.canvas.closest("figure").id;
  const width = this.canvas.clientWidth;
  written.push({ chart, text, from, to: from + size, y, width });
  original.call(this, text, x, y);
};
const states = [];
for (const fs of [60, 100, 200, 500, 1000]) {
  written.length = 0;
  explorer.change({ fs });
  explorer.draw();
  const ratios = ["plastic", "golden", "doubling", "e"];
  const isName = ({ text }) => /^(delta|spindle|gamma|ripple) \\d+$/.test(text);
  states.push({
    fs,
    gain: written.filter((one) => one.chart === "gain" && isName(one)),
    distance: written.filter((one) => one.chart === "distance" && ratios.includes(one.text)),
    day: written.filter((one) => one.chart === "day" && /[A-Z][a-z]+.* [\\d.]+$/.test(one.text)),
  });
}
answer(states);
"""


@pytest.mark.parametrize("width", rest_slow([320, 390, 768, 1280], 390))
def test_names_do_not_meet(ask, width):
    for state in ask(PROBE, width=width):
        half = state["fs"] / 2
        expected = [n for n, f in (("delta", 2), ("spindle", 12), ("gamma", 40)) if f < half]
        expected += ["ripple"] if half > 150 else []
        assert [one["text"].split()[0] for one in state["gain"]] == expected
        assert len(state["distance"]) == 4
        assert state["day"][-1]["text"].startswith("Fast Ripples")
        assert all(one["from"] >= 52 and one["to"] <= one["width"] - 12 for one in state["day"])
        for names in (state["gain"], state["distance"]):
            assert all(one["from"] >= 52 and one["to"] <= one["width"] - 12 for one in names)
            for one, other in itertools.combinations(names, 2):
                apart = one["to"] < other["from"] or other["to"] < one["from"]
                assert apart or abs(one["y"] - other["y"]) >= 16, (state["fs"], one, other)
