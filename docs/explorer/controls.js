// Fields, sliders, presets, the link. Every control reads the state and changes it, nothing else.

let messageTimer = 0;

/** Say one line, for eyes and screen readers; "" clears it. */
function say(text) {
  byId("message").textContent = text;
  clearTimeout(messageTimer);
  if (text) messageTimer = setTimeout(() => (byId("message").textContent = ""), 8000);
}

const period = () => 1 / state.fs;

/** Weights for a frequency and a radius; what is not a number is as the node has it. */
function fromPoles(poleFrequency, radius) {
  const { w1, w2 } = weightsFromPoles(poleFrequency, radius, period());
  if (!Number.isNaN(w1)) return change({ w1, w2 });
  return `frequency must be from 0 to ${digits(state.fs / 2)} Hz, and the radius 0 or more`;
}

/** Both roots times one factor: of a pair, and of real roots, too. */
function scaleRoots(radius) {
  const factor = radius / poleRadius(state.w1, state.w2);
  if (!(radius >= 0 && Number.isFinite(factor))) {
    return "the radius must be 0 or more, and the weights not both 0";
  }
  return change({ w1: state.w1 * factor, w2: state.w2 * factor * factor });
}

function fromOscillator(natural, damping) {
  const { w1, w2 } = weightsFromOscillator(2 * Math.PI * natural, damping, period(), state.scheme);
  if (!Number.isNaN(w1)) return change({ w1, w2 });
  return "the natural frequency must be 0 or more (Hz), and the damping a number (1/s)";
}

/** A new sample rate: the oscillator stays and its weights change, or the other way round. */
function setSampleRate(value) {
  const fs = accepted("fs", value);
  if (fs === null) return change({ fs: value });
  const { omega, beta } = oscillatorFromWeights(state.w1, state.w2, period(), state.scheme);
  if (state.keep === "weights" || Number.isNaN(omega)) return change({ fs });
  const { w1, w2 } = weightsFromOscillator(omega, beta, 1 / fs, state.scheme);
  const isAlias = Math.sqrt(Math.max(0, omega ** 2 - beta ** 2)) > Math.PI * fs;
  if (isAlias) return `at ${digits(fs)} Hz this oscillator rings above half the sample rate`;
  return change({ fs, w1, w2 });
}

const dampingOf = ({ beta, radius, fs }) => (Number.isNaN(beta) ? -Math.log(radius) * fs : beta);
const direct = (name) => ({ get: () => state[name], set: (value) => change({ [name]: value }) });
const logarithmic = ({ get, set }, min, max) => ({
  get: (node) => (1000 * Math.log(get(node) / min())) / Math.log(max() / min()),
  set: (value) => set(min() * Math.pow(max() / min(), value / 1000)),
});

const CONTROLS = {
  ...Object.fromEntries(Object.keys(FIELDS).map((name) => [name, direct(name)])),
  fs: { get: () => state.fs, set: setSampleRate },
  frequency: {
    get: (node) => node.frequency,
    set: (value) => fromPoles(Number(value), poleRadius(state.w1, state.w2)),
  },
  radius: { get: (node) => node.radius, set: (value) => scaleRoots(Number(value)) },
  decay: {
    get: (node) => node.decayTime * 1e3,
    set: (value) =>
      Number(value) === 0
        ? "the decay time must not be 0"
        : scaleRoots(Math.exp((-1e3 * period()) / Number(value))),
  },
  natural: {
    get: (node) => node.omega / (2 * Math.PI),
    set: (value) => fromOscillator(Number(value), dampingOf(describeNode(state))),
  },
  damping: {
    get: (node) => node.beta,
    set: (value) => fromOscillator(describeNode(state).omega / (2 * Math.PI), Number(value)),
  },
};
const lowestShown = () => Math.min(0.5, state.fs / 400);
const SLIDERS = {
  frequency: logarithmic(CONTROLS.frequency, lowestShown, () => state.fs / 2),
  driven: logarithmic(CONTROLS.driven, lowestShown, () => state.fs / 2),
  // 1 - r from 1 to 1e-5: near the circle every digit of the radius counts.
  radius: {
    get: (node) => -200 * Math.log10(Math.max(1e-5, 1 - node.radius)),
    set: (value) => scaleRoots(1 - Math.pow(10, -value / 200)),
  },
  steps: logarithmic(direct("steps"), () => 10, () => 2000),
  ratio: { get: () => 1000 * state.ratio, set: (value) => change({ ratio: value / 1000 }) },
};

/** What a field shows: seven digits, nine for the weights, which need them near the corner. */
const plain = (value, name) =>
  Number.isFinite(value) ? String(Number(value.toPrecision(/^w/.test(name) ? 9 : 7))) : "";

function bind(input) {
  const control = (input.type === "range" ? SLIDERS : CONTROLS)[input.dataset.control];
  const use = () => {
    const value = input.type === "range" ? Number(input.value) : input.value;
    const problem = input.value === "" ? "" : control.set(value);
    input.setAttribute("aria-invalid", String(problem !== ""));
    say(problem);
  };
  input.addEventListener("input", use);
  input.addEventListener("blur", () => {
    input.removeAttribute("aria-invalid");
    drawSoon();
  });
  views.push((node) => {
    if (input === document.activeElement && input.type === "number") return;
    const value = control.get(node);
    input.value = typeof value === "number" ? plain(value, input.dataset.control) : value;
    if (input.type === "range") input.disabled = Number.isNaN(value);
  });
}
for (const input of document.querySelectorAll("[data-control]")) bind(input);

const polesAt = (f, r, fs) => ({ ...weightsFromPoles(f, r, 1 / fs), fs });
const PRESETS = {
  underdamped: () => ({ ...polesAt(12, 0.97, 200), steps: 100 }),
  critical: () => ({ w1: 1.75, w2: -0.765625, fs: 200, steps: 100 }),
  overdamped: () => ({ w1: 1.55, w2: -0.57, fs: 200, steps: 100 }),
  forever: () => ({ ...polesAt(12, 1, 200), steps: 100 }),
  grows: () => ({ ...polesAt(12, 1.02, 200), steps: 100 }),
  flickers: () => ({ w1: -0.4, w2: 0.45, fs: 200, steps: 40 }),
  first: () => ({ w1: 0.9, w2: 0, fs: 200, steps: 60 }),
  network: () => ({ ...polesAt(geometricLadder(1.618)[4], 0.99999, 1000), steps: 600 }),
};
for (const button of document.querySelectorAll("[data-preset]")) {
  const preset = PRESETS[button.dataset.preset];
  button.addEventListener("click", () => say(change({ zoom: 1, ...preset() })));
}
for (const button of document.querySelectorAll("[data-ratio]")) {
  const { ratio } = NAMED_RATIOS.find(({ name }) => name === button.dataset.ratio);
  button.addEventListener("click", () => say(change({ ratio })));
}

views.push((node) => {
  const [first, second] = node.roots;
  const cycles = node.frequency * node.decayTime;
  const words = {
    "value-roots": rootWords(node, first, second),
    "value-frequency": Number.isNaN(node.frequency)
      ? "no rhythm (real roots)"
      : `${hertz(node.frequency)}, a cycle in ${duration(1 / node.frequency)}`,
    "value-radius": digits(node.radius, 6),
    "value-decay":
      node.decayTime < 0
        ? `grows e-fold in ${duration(-node.decayTime)}`
        : duration(node.decayTime),
    "value-cycles": Number.isFinite(cycles) && cycles > 0 ? digits(cycles, 3) : "–",
    "value-natural": Number.isNaN(node.omega)
      ? "none under this scheme"
      : `${hertz(node.omega / (2 * Math.PI))}, β = ${digits(node.beta)} per s`,
  };
  for (const [id, text] of Object.entries(words)) byId(id).textContent = text;
});

function rootWords(node, first, second) {
  if (node.isDouble) return `${digits(first.real)}, twice`;
  if (first.imaginary === 0) return `${rootText(first)} and ${rootText(second)}`;
  return `${digits(first.real)} ± ${digits(first.imaginary)} i`;
}

/** Copy the address of this very state. */
async function copyLink() {
  const link = `${location.href.split("#")[0]}#${linkText()}`;
  history.replaceState(null, "", `#${linkText()}`);
  try {
    await navigator.clipboard.writeText(link);
    say("The link to this state is copied.");
  } catch {
    say("The address bar holds the link to this state: copy it from there.");
  }
}
byId("copy").addEventListener("click", copyLink);
