// The oscillator behind the node, and what the two ways of discretising it make of it.

const schemesChart = new Chart("schemes");
const forcedChart = new Chart("forced");
const SCHEME_NAMES = { exact: "exact", backward_difference: "backward differences" };

const NO_OSCILLATOR =
  "No damped oscillator becomes these weights\nunder this scheme (for example, it cannot flicker).";

const schemeColours = () => ({ exact: palette.ink, backward_difference: palette.accent });

views.push((node) => {
  const { times, unit, axis, factor } = timeAxis(node);
  const hasOscillator = Number.isFinite(node.omega);
  const span = axis.max / factor;
  const fine = spaced(0, span, Math.min(4000, Math.max(600, 4 * state.steps)));
  const position = (t) => oscillatorMotion(node.omega, node.beta, t).position;
  const continuous = fine.map(position);
  const colours = schemeColours();
  const paths = Object.fromEntries(
    SCHEMES.map((scheme) => {
      const { w1, w2 } = weightsFromOscillator(node.omega, node.beta, node.dt, scheme);
      return [scheme, trajectory(w1, w2, 1, position(node.dt), state.steps)];
    }),
  );
  const half = hasOscillator ? halfRange([...continuous, 1], 8) : 1;
  const isSparse = (schemesChart.frame?.width ?? 400) / state.steps > 3.5;
  const path = (scheme, extra) => ({
    ...{ x: times, y: paths[scheme], colour: colours[scheme] },
    ...extra,
  });
  schemesChart.draw({
    x: axis,
    y: { min: -half, max: half, label: "x and h (same unit)" },
    lines: [{ y: 0, dash: [] }],
    curves: hasOscillator
      ? [
          { x: fine.map((t) => t * factor), y: continuous, colour: palette.line, width: 5 },
          path("backward_difference", { dash: [6, 3], width: 1.6 }),
          path("exact", isSparse ? { mode: "dots", size: 2.2 } : { width: 1 }),
        ]
      : [],
    tip: hasOscillator && {
      x: times,
      text: (t) =>
        `t = ${digits(times[t])} ${unit}\noscillator ${digits(position(t * node.dt))}\n` +
        `exact ${digits(paths.exact[t])}\nbackward ${digits(paths.backward_difference[t])}`,
    },
    message: hasOscillator ? "" : NO_OSCILLATOR,
    label: `The oscillator and both nodes in time. ${schemeWords(node)}`,
  });
  drawForced(node, hasOscillator);
  byId("scheme-words").textContent = hasOscillator ? schemeWords(node) : "";
  fillSchemeTable(node, hasOscillator);
});

/** Gain |x| omega^2 / |F| of the oscillator and of both nodes for a rhythmic force. */
function drawForced(node, hasOscillator) {
  const top = node.fs / 2;
  const frequencies = spaced(Math.min(0.5, top / 200), top, 400, true);
  const scale = node.omega > 0 ? node.omega ** 2 : 1;
  const size = ({ real, imaginary }) => scale * Math.hypot(real, imaginary);
  const curves = {
    oscillator: frequencies.map((f) => size(oscillatorResponse(node.omega, node.beta, f))),
  };
  for (const scheme of SCHEMES) {
    curves[scheme] = frequencies.map((f) =>
      size(sampledOscillatorResponse(node.omega, node.beta, f, node.dt, scheme)),
    );
  }
  const most = Math.max(1, ...[...curves.oscillator].filter(Number.isFinite));
  const highest = 10 ** Math.ceil(Math.log10(Math.min(1e6, most * 1.1)));
  const colours = schemeColours();
  const path = (name, extra) => ({ x: frequencies, y: curves[name], ...extra });
  forcedChart.draw({
    x: { min: frequencies[0], max: top, log: true, label: "frequency of the force (Hz)" },
    y: { min: 1e-3, max: highest, log: true, label: "|x| ω² / |F| (no unit)" },
    bands: BANDS,
    curves: hasOscillator
      ? [
          path("oscillator", { colour: palette.line, width: 5 }),
          path("backward_difference", { colour: colours.backward_difference, dash: [6, 3] }),
          path("exact", { colour: colours.exact, width: 1.2 }),
        ]
      : [],
    tip: hasOscillator && {
      x: frequencies,
      text: (k) =>
        `${hertz(frequencies[k])}\noscillator ${digits(curves.oscillator[k])}\n` +
        `exact ${digits(curves.exact[k])}\nbackward ${digits(curves.backward_difference[k])}`,
    },
    message: hasOscillator ? "" : NO_OSCILLATOR,
    label: "Answer of the oscillator and of both nodes to a rhythmic force",
  });
}

function schemeWords(node) {
  const changed = backwardDifferenceDistortion(node.omega, node.beta, node.dt);
  if (Number.isNaN(changed.frequency) || node.isDouble) return "";
  return (
    `At ${hertz(node.fs)} backward differences ring at ${hertz(changed.frequency)} instead of ` +
    `${hertz(changed.frequencyAsked)}, and damp by ${digits(changed.damping)} per second instead ` +
    `of ${digits(changed.dampingAsked)}.`
  );
}

function fillSchemeTable(node, hasOscillator) {
  const rows = SCHEMES.map((scheme) => {
    const { w1, w2 } = weightsFromOscillator(node.omega, node.beta, node.dt, scheme);
    const radius = poleRadius(w1, w2);
    const damping = -Math.log(radius) * node.fs;
    const name = SCHEME_NAMES[scheme];
    const rings = hertz(ringingFrequency(w1, w2, node.dt));
    return [name, digits(w1, 5), digits(w2, 5), rings, digits(radius, 5), digits(damping)];
  });
  const { omega, beta, dt } = node;
  const excess = (omega - beta) * (omega + beta);
  const isRinging = excess > 1e-9 * omega * omega; // critical damping, but for rounding, is none
  const ringingAt = isRinging ? Math.sqrt(excess) / (2 * Math.PI) : NaN;
  const slowest = excess < 0 ? beta - Math.sqrt(-excess) : beta;
  const kept = digits(Math.exp(-slowest * dt), 5);
  const asked = ["oscillator", "", "", hertz(ringingAt), kept, digits(slowest)];
  const body = byId("scheme-rows");
  body.replaceChildren(
    ...(hasOscillator ? [asked, ...rows] : []).map((cells) => {
      const row = document.createElement("tr");
      row.append(...cells.map((text, k) => element(k ? "td" : "th", text)));
      row.firstChild.scope = "row";
      return row;
    }),
  );
  nameCells(body);
}
