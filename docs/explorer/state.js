// The page's whole state: what a link holds, how it is checked, and who is told of a change.

const between = (min, max) => ({ min, max });
const FIELDS = {
  w1: between(-2.4, 2.4), // no unit
  w2: between(-1.4, 1.4), // no unit
  fs: between(10, 20000), // Hz
  scheme: { choices: SCHEMES },
  keep: { choices: ["oscillator", "weights"] }, // when the sample rate changes
  steps: between(10, 2000), // shown
  start: { choices: ["roots", "still"] },
  drive: { choices: ["rhythm", "pulse", "step"] },
  driven: between(0.01, 10000), // Hz, of the rhythm that drives
  zoom: { choices: [1, 10, 100] },
  centre1: between(-2.4, 2.4),
  centre2: between(-1.4, 1.4),
  speed: { choices: [1, 5, 20, 100] },
  ratio: between(1.15, 3),
  first: between(0.1, 100), // Hz
  day: between(3600, 1e8), // s
};
const startNode = weightsFromPoles(12, 0.97, 1 / 200);
const DEFAULTS = {
  ...{ w1: startNode.w1, w2: startNode.w2, fs: 200, scheme: "exact", keep: "oscillator" },
  ...{ steps: 100, start: "roots", drive: "rhythm", driven: 12, zoom: 1, centre1: 0, centre2: 0 },
  ...{ speed: 20, ratio: GOLDEN_RATIO, first: 2, day: SIDEREAL_DAY },
};

let state = { ...DEFAULTS };
const views = [];
let isDrawingDue = false;
let linkTimer = 0;

/** The value that a field takes for a text or a number, or null if it is out of range. */
function accepted(name, value) {
  const { choices, min, max } = FIELDS[name];
  if (choices) return choices.find((choice) => String(choice) === String(value)) ?? null;
  const number = typeof value === "string" && value.trim() === "" ? NaN : Number(value);
  return number >= min && number <= max ? (name === "steps" ? Math.round(number) : number) : null;
}

function allowed(name) {
  const { choices, min, max } = FIELDS[name];
  return choices ? `one of ${choices.join(", ")}` : `from ${min} to ${max}`;
}

/** Change some fields; all or none. Returns "" or one line that says what was out of range. */
function change(patch) {
  const next = { ...state };
  for (const [name, value] of Object.entries(patch)) {
    const taken = accepted(name, value);
    if (taken === null) return `${name} must be ${allowed(name)}, got ${value}`;
    next[name] = taken;
  }
  if (next.zoom !== state.zoom && !("centre1" in patch)) {
    [next.centre1, next.centre2] = next.zoom === 1 ? [0, 0] : [next.w1, next.w2];
  }
  state = next;
  drawSoon();
  clearTimeout(linkTimer);
  linkTimer = setTimeout(() => history.replaceState(null, "", `#${linkText()}`), 300);
  return "";
}

/** Move the point, kept inside the plane that is shown. */
function movePoint(w1, w2) {
  const inside = (name, value) => Math.min(FIELDS[name].max, Math.max(FIELDS[name].min, value));
  return change({ w1: inside("w1", w1), w2: inside("w2", w2) });
}

const linkText = () =>
  Object.keys(FIELDS)
    .map((name) => `${name}=${encodeURIComponent(state[name])}`)
    .join("&");

/** Take the state from a link; what it lacks, or has out of range, is as at the start. */
function restore(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const next = { ...DEFAULTS };
  const refused = [];
  for (const name of Object.keys(FIELDS)) {
    if (!given.has(name)) continue;
    const taken = accepted(name, given.get(name));
    if (taken === null) refused.push(`${name} must be ${allowed(name)}`);
    else next[name] = taken;
  }
  if (next.zoom !== 1 && !given.has("centre1")) {
    [next.centre1, next.centre2] = [next.w1, next.w2];
  }
  state = next;
  drawSoon();
  return refused.length ? `Not taken from the link: ${refused.join("; ")}.` : "";
}

function drawSoon() {
  if (isDrawingDue) return;
  isDrawingDue = true;
  requestAnimationFrame(draw);
}

function draw() {
  isDrawingDue = false;
  const node = describeNode(state);
  for (const view of views) view(node);
}

/** Everything that several panels need of the node, computed once a frame. */
function describeNode({ w1, w2, fs, scheme }) {
  const dt = 1 / fs;
  const { omega, beta } = oscillatorFromWeights(w1, w2, dt, scheme);
  return {
    ...{ w1, w2, dt, fs, omega, beta, roots: roots(w1, w2), regime: regime(w1, w2) },
    ...{ frequency: ringingFrequency(w1, w2, dt), radius: poleRadius(w1, w2) },
    ...{ decayTime: decayTime(w1, w2, dt), isStable: isStable(w1, w2) },
    isDouble: isDouble(w1, w2),
  };
}

/** A double root, but for the rounding of the weights: 1.8 and -0.81 are meant to be one. */
const isDouble = (w1, w2) => w1 !== 0 && Math.abs(discriminant(w1, w2)) <= 1e-12;

/** The frequency in Hz, none for a double root that rounding splits. */
const ringingFrequency = (w1, w2, dt) => (isDouble(w1, w2) ? NaN : frequency(w1, w2, dt));
