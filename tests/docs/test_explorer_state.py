"""The explorer's state: fields, presets, link, sound, paper, narrow windows."""

import numpy as np
import pytest

from rhythmic import theory
from rhythmic.theory.second_order import second_order_closed_form
from tests.marks import rest_slow

FIELDS = """
const seen = {};
const note = (name) => { seen[name] = now(); };
at("[data-preset=underdamped]").click();
enter("frequency", "20"); note("frequency");
enter("radius", "0.9"); note("radius");
enter("decay", "50"); note("decay");
enter("natural", "15"); enter("damping", "30"); note("oscillator");
enter("scheme", "backward_difference"); enter("damping", "40"); note("backward");
enter("fs", "1000"); note("rate");
enter("keep", "weights"); enter("fs", "500"); note("kept");
const invalid = enter("w1", "9");
note("refused");
const said = at("#message").textContent;
const regimes = [...document.querySelectorAll("[data-preset]")].map((button) => {
  button.click(); now(); return [button.dataset.preset, at("#regime").textContent];
});
at("[data-ratio=golden]").click(); now();
const golden = at("#golden-note").textContent;
at("[data-ratio=doubling]").click(); now();
const doubling = at("#golden-note").textContent;
const rung = at("#ladder-rows tr:nth-child(3) button"); // 2 Hz twice doubled
rung.click(); note("rung");
answer({ seen, invalid, said, regimes: Object.fromEntries(regimes), golden, doubling,
  day: [at("#day-rows").rows.length] });
"""


@pytest.mark.slow
def test_fields_set_the_node_by_the_same_formulas(ask):
    found = ask(FIELDS)
    seen = found["seen"]

    def node(name):
        return seen[name]["w1"], seen[name]["w2"], 1 / seen[name]["fs"]

    close = {"rtol": 1e-9}
    np.testing.assert_allclose(
        node("frequency")[:2], theory.weights_from_poles(20, 0.97, 0.005), **close
    )
    np.testing.assert_allclose(
        node("radius")[:2], theory.weights_from_poles(20, 0.9, 0.005), **close
    )
    np.testing.assert_allclose(theory.decay_time(*node("decay")), 0.05, **close)
    np.testing.assert_allclose(theory.node_frequency(*node("decay")), 20, **close)
    exact = theory.weights_from_oscillator(30 * np.pi, 30, 0.005, "exact")
    np.testing.assert_allclose(node("oscillator")[:2], exact, **close)
    omega, beta = theory.oscillator_from_weights(*node("backward"), "backward_difference")
    np.testing.assert_allclose(beta, 40, **close)
    finer = theory.weights_from_oscillator(omega, beta, 0.001)
    np.testing.assert_allclose(node("rate")[:2], finer, **close)
    assert node("kept") == (*node("rate")[:2], 1 / 500)
    assert seen["refused"] == seen["kept"]
    assert found["invalid"] == "true"
    assert found["said"] == "w1 must be from -2.4 to 2.4, got 9"
    assert found["regimes"] == {
        "underdamped": "oscillates and disappears",
        "critical": "disappears",
        "overdamped": "disappears",
        "forever": "oscillates",
        "grows": "oscillates and explodes",
        "flickers": "flickers and disappears",
        "first": "disappears",
        "network": "oscillates and disappears",
    }
    assert "fₖ + fₖ₊₁ = fₖ₊₂" in found["golden"]
    assert "0.42 rungs" in found["doubling"]
    np.testing.assert_allclose(theory.node_frequency(*node("rung")), 8.0, rtol=1e-6)


def test_a_link_holds_the_whole_state(ask):
    link = "#w1=-0.4&w2=0.45&fs=321.5&scheme=backward_difference&keep=weights&steps=77&start=still"
    link += "&drive=step&driven=33.25&zoom=10&centre1=-0.375&centre2=0.5&speed=5&ratio=1.5&first=3"
    link += "&day=88642.5"
    probe = """
    const opened = now(), same = "#" + explorer.link();
    const arrived = new Promise((resolve) =>
      addEventListener("hashchange", () => setTimeout(resolve)));
    location.hash = "#w1=0.123456789012345&w2=-0.1&fs=nonsense&steps=1e9&unknown=3";
    await arrived;
    const partly = now(), said = at("#message").textContent;
    explorer.change({ w1: 1 / 3 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const written = location.hash;
    at("#copy").click();
    await new Promise((resolve) => setTimeout(resolve, 100));
    answer({ opened, same, partly, said, written, copied: at("#message").textContent });
    """
    found = ask(probe, link=link)
    assert found["same"] == link
    given = dict(pair.split("=") for pair in link[1:].split("&"))
    assert {name: str(value) for name, value in found["opened"].items()} == given
    assert found["partly"]["w1"] == 0.123456789012345
    assert (found["partly"]["fs"], found["partly"]["steps"]) == (200, 100)
    assert "fs must be" in found["said"]
    assert "steps must be" in found["said"]
    assert f"w1={1 / 3!r}" in found["written"]
    assert "link" in found["copied"]


@pytest.mark.slow
def test_it_sounds_only_when_asked_and_as_the_node_moves(ask):
    found = ask(
        """
    const before = sounds.opened;
    explorer.change({ w1: 1.9, w2: -0.98, fs: 200, speed: 20 });
    const silent = sounds.opened;
    at("#play").click();
    now();
    const pressed = at("#play").getAttribute("aria-pressed");
    at("#play").click();
    answer({ before, silent, pressed, released: at("#play").getAttribute("aria-pressed"),
      opened: sounds.opened, closed: sounds.closed, first: sounds.played[0],
      count: sounds.played.length, words: at("#sound-words").textContent });
    """
    )
    assert (found["before"], found["silent"]) == (0, 0)
    assert (found["opened"], found["closed"], found["count"]) == (1, 1, 1)
    assert (found["pressed"], found["released"]) == ("true", "false")
    # 48 kHz and 200 Hz x 20: twelve samples a step.
    moved = second_order_closed_form(1.9, -0.98, 1.0, 0.95, 100)
    np.testing.assert_allclose(found["first"][120 : 12 * 101 : 12], 0.25 * moved[10:], atol=1e-6)
    assert max(map(abs, found["first"])) <= 0.25
    assert "20 times faster" in found["words"]


@pytest.mark.parametrize("width", rest_slow([390, 1280], 390))
def test_nothing_is_wider_than_the_window(ask, width):
    found = ask(
        """
    const isFree = (part) =>
      !part.closest(".scroll") && getComputedStyle(part).position !== "fixed";
    const wide = [...document.querySelectorAll("body *")].filter(isFree)
      .filter((part) => part.getBoundingClientRect().right > innerWidth + 1)
      .map((part) => part.tagName + part.id);
    answer({ inner: innerWidth, wide });
    """,
        width=width,
    )
    assert found == {"inner": width, "wide": []}
