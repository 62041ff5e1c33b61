// Numbers and names as a reader sees them.

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A number with some significant digits, a true minus sign, and powers of ten where needed. */
function digits(value, count = 4) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) {
    const [mantissa, exponent] = value.toExponential(count - 1).split("e");
    return powerOfTen(exponent, trimmed(mantissa)).replace(/^-/, "−");
  }
  return trimmed(value.toPrecision(count)).replace(/^-/, "−");
}

/** "3×10⁵", and "10⁵" for a factor of 1. */
function powerOfTen(exponent, factor) {
  const power = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[digit]).join("");
  return `${Number(factor) === 1 ? "" : `${factor}×`}10${exponent < 0 ? "⁻" : ""}${power}`;
}

function trimmed(text) {
  const plain = text.includes("e") ? String(Number(text)) : text;
  return plain.includes(".") ? plain.replace(/\.?0+$/, "") : plain;
}

/** A duration in s with the unit that suits it. */
function duration(seconds, count = 3) {
  const size = Math.abs(seconds);
  if (!Number.isFinite(seconds)) return `${digits(seconds)}${Number.isNaN(seconds) ? "" : " s"}`;
  if (size < 1 && size > 0) return `${digits(seconds * 1e3, count)} ms`;
  if (size < 120) return `${digits(seconds, count)} s`;
  return size < 7200 ? `${digits(seconds / 60, count)} min` : `${digits(seconds / 3600, count)} h`;
}

const hertz = (value, count = 4) =>
  `${digits(value, count)}${Number.isNaN(value) ? "" : " Hz"}`;

/** "OSCILLATES_AND_DISAPPEARS" as "oscillates and disappears". */
const regimeName = (name) => name.toLowerCase().replaceAll("_", " ");

const REGIME_SENTENCES = {
  UNDEFINED: "A weight is not a number.",
  GONE: "Both weights are 0: nothing is left after two steps.",
  DISAPPEARS: "Two real roots between 0 and 1: overdamped, hₜ disappears without a rhythm.",
  EQUILIBRIUM: "One root is 1: hₜ settles at a constant.",
  EXPLODES: "A positive real root outside the circle: hₜ explodes without a rhythm.",
  FLICKERS_AND_DISAPPEARS: "A negative real root: hₜ changes sign from step to step, and disappears.",
  FLICKERS: "A negative real root of modulus 1 or beside one: it flickers for ever.",
  FLICKERS_AND_EXPLODES: "Real roots, one negative, one outside the circle: hₜ changes sign, and explodes.",
  OSCILLATES_AND_DISAPPEARS: "A complex pair inside the circle: a damped oscillator (underdamped).",
  OSCILLATES: "A complex pair on the circle: a rhythm for ever, an oscillator without friction.",
  OSCILLATES_AND_EXPLODES: "A complex pair outside the circle: a rhythm that grows in every cycle, and explodes.",
};

/** One sentence on the regime, with the oscillator's own word where there is one. */
function regimeSentence({ regime: name, isDouble: meets, isStable: fades, w1, w2 }) {
  if (meets && fades && w1 > 0) return "A double root, on the parabola: critically damped.";
  if (w2 === 0 && w1 !== 0) return "w₂ = 0: the node of one step, hₜ = w hₜ₋₁.";
  return REGIME_SENTENCES[name];
}

/** The kind of a regime, which gives its colour. */
const kindOf = (name) =>
  name.startsWith("OSCILLATES") ? "oscillates" : name.startsWith("FLICKERS") ? "flickers" : "plain";

const rootText = ({ real, imaginary }) =>
  imaginary === 0
    ? digits(real)
    : `${digits(real)} ${imaginary < 0 ? "−" : "+"} ${digits(Math.abs(imaginary))} i`;

/** Tell every cell of a table what its column is called: narrow pages show it in the cell. */
function nameCells(body) {
  const names = [...body.parentElement.tHead.rows[0].cells].map((cell) => cell.textContent);
  for (const row of body.rows) {
    for (const cell of row.cells) cell.dataset.label = names[cell.cellIndex];
  }
}

/** A fresh element with a text. */
function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** A function that acts only when what it is given has changed since it last did. */
function onChange(act) {
  let last = null;
  return (...given) => {
    const now = JSON.stringify(given);
    if (now !== last) act(...given);
    last = now;
  };
}

const byId = (id) => document.getElementById(id);
