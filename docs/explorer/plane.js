// The plane of the two weights: regimes, stability triangle, parabola of double roots, the point.

const planeChart = new Chart("plane", { left: 68, right: 8, top: 8 });

/** The part of the plane that is shown. */
function planeView({ zoom, centre1, centre2 }) {
  const [half1, half2] = [2.4 / zoom, 1.4 / zoom];
  return {
    x: { min: centre1 - half1, max: centre1 + half1, label: "w₁ (weight on hₜ₋₁)" },
    y: { min: centre2 - half2, max: centre2 + half2, label: "w₂ (weight on hₜ₋₂)" },
  };
}

/** Fill what lies under the parabola w2 = -w1^2 / 4: complex roots. */
function traceParabola(chart, isArea) {
  const { context, spec } = chart;
  context.beginPath();
  for (const w1 of spaced(spec.x.min, spec.x.max, 161)) {
    context.lineTo(chart.toX(w1), Math.max(-1e5, Math.min(1e5, chart.toY(-0.25 * w1 * w1))));
  }
  if (!isArea) return;
  const { left, top, width, height } = chart.frame;
  context.lineTo(left + width, Math.max(top + height, chart.toY(-1e3)));
  context.lineTo(left, Math.max(top + height, chart.toY(-1e3)));
  context.closePath();
}

function traceTriangle(chart) {
  const corners = [[-2, -1], [2, -1], [0, 1]];
  chart.context.beginPath();
  for (const [w1, w2] of corners) chart.context.lineTo(chart.toX(w1), chart.toY(w2));
  chart.context.closePath();
}

/** Paint the three kinds of roots with one strength. */
function paintKinds(chart, alpha) {
  const { context } = chart;
  const { left, top, width, height } = chart.frame;
  const cut = (value, low, size) => Math.min(low + size, Math.max(low, value));
  const [middle, level] = [cut(chart.toX(0), left, width), cut(chart.toY(0), top, height)];
  const fill = (colour) => (context.fillStyle = withAlpha(colour, alpha));
  fill(palette.plain);
  context.fillRect(middle, level, left + width - middle, top + height - level);
  fill(palette.flickers);
  context.fillRect(left, top, width, level - top);
  context.fillRect(left, level, middle - left, top + height - level);
  // What lies under the parabola belongs to complex roots alone.
  context.save();
  traceParabola(chart, true);
  context.clip();
  context.fillStyle = palette.panel;
  context.fillRect(left, level, width, top + height - level);
  fill(palette.oscillates);
  context.fillRect(left, level, width, top + height - level);
  context.restore();
}

function paintRegions(chart) {
  const { context } = chart;
  paintKinds(chart, 0.1);
  context.save();
  traceTriangle(chart);
  context.clip();
  context.fillStyle = palette.panel;
  context.fillRect(0, 0, chart.canvas.clientWidth, chart.canvas.clientHeight);
  paintKinds(chart, 0.36);
  context.restore();
}

const REGION_NAMES = [
  { w1: 0, w2: -0.62, text: ["oscillates", "and disappears"] },
  { w1: 0, w2: 0.42, text: ["flickers", "and disappears"] },
  { w1: 1.62, w2: 0.3, text: ["disappears"], from: [0.9, -0.1] },
  { w1: 1.86, w2: -0.32, text: ["explodes"] },
  { w1: -1.6, w2: 0.85, text: ["flickers", "and explodes"] },
  { w1: 0, w2: -1.2, text: ["oscillates and explodes"] },
];

function paintLines(chart, node) {
  const { context } = chart;
  if (state.zoom === 1) {
    for (const { w1, w2, text, from } of REGION_NAMES) {
      if (from) paintLeader(chart, from, [w1, w2 - 0.08]);
      text.forEach((line, k) => {
        const down = chart.toY(w2) + 16 * (k - (text.length - 1) / 2);
        chart.text(line, chart.toX(w1), down, { colour: palette.ink, halo: true });
      });
    }
    const words = chart.frame.width > 400 ? "w₂ = 0: hₜ = w hₜ₋₁" : "w₂ = 0";
    chart.text(words, chart.toX(-2.36), chart.toY(0) - 9, { align: "left" });
  }
  chart.drawLine({ y: 0, colour: palette.quiet, dash: [2, 3] });
  context.strokeStyle = palette.ink;
  context.lineWidth = 2;
  traceTriangle(chart);
  context.stroke();
  context.lineWidth = 1.4;
  context.setLineDash([7, 4]);
  traceParabola(chart, false);
  context.stroke();
  context.setLineDash([]);
  if (node.roots[0].imaginary !== 0) paintTracks(chart, node);
}

/** A thin line from a region that is too narrow for its name. */
function paintLeader(chart, from, to) {
  chart.context.strokeStyle = palette.ink;
  chart.context.lineWidth = 1;
  chart.context.beginPath();
  chart.segment(chart.toX(from[0]), chart.toY(from[1]), chart.toX(to[0]), chart.toY(to[1]));
  chart.context.stroke();
}

/** Where the frequency is that of the point, and where the decay is. */
function paintTracks(chart, { w1, w2 }) {
  const { context } = chart;
  chart.drawLine({ y: w2, colour: palette.oscillates, dash: [], width: 1 });
  context.strokeStyle = palette.oscillates;
  context.beginPath();
  for (const share of spaced(0, 2, 161)) {
    context.lineTo(chart.toX(w1 * share), chart.toY(w2 * share * share));
  }
  context.stroke();
}

function paintPoints(chart, node) {
  const { context } = chart;
  const other = SCHEMES.find((scheme) => scheme !== state.scheme);
  const twin = weightsFromOscillator(node.omega, node.beta, node.dt, other);
  if (Number.isFinite(twin.w1)) {
    const [across, down] = [chart.toX(twin.w1), chart.toY(twin.w2)];
    context.fillStyle = palette.panel;
    context.strokeStyle = palette.accent;
    context.lineWidth = 2;
    context.fillRect(across - 4, down - 4, 8, 8);
    context.strokeRect(across - 4, down - 4, 8, 8);
  }
  const [across, down] = [chart.toX(node.w1), chart.toY(node.w2)];
  context.beginPath();
  context.arc(across, down, 9, 0, 2 * Math.PI);
  context.fillStyle = palette.accent;
  context.fill();
  context.lineWidth = 2.5;
  context.strokeStyle = palette.panel;
  context.stroke();
}

views.push((node) => {
  const view = planeView(state);
  planeChart.draw({
    ...view,
    underlay: paintRegions,
    overlay: (chart) => {
      paintLines(chart, node);
      paintPoints(chart, node);
    },
  });
  const name = regimeName(node.regime);
  const rings = Number.isNaN(node.frequency) ? "" : `, rings at ${hertz(node.frequency)}`;
  const canvas = planeChart.canvas;
  canvas.setAttribute("aria-valuenow", digits(node.w1, 6).replace("−", "-"));
  const place = `w1 ${digits(node.w1)}, w2 ${digits(node.w2)}`;
  canvas.setAttribute("aria-valuetext", `${place}: ${name}${rings}`);
  const badge = byId("regime");
  if (badge.textContent !== name) badge.textContent = name;
  badge.dataset.kind = kindOf(node.regime);
  byId("regime-sentence").textContent = regimeSentence(node);
});

/** Drag a point; `isNear(event, reach)` tells who takes it: "near" a finger, "any" a mouse. */
function makeDraggable(chart, isNear, move) {
  let isTaken = false; // by the pointer that went down last
  const follow = (event) => move(chart.valuesAt(event));
  chart.canvas.addEventListener("pointerdown", (event) => {
    // A finger beside the point scrolls the page; a tap there moves the point (see "click").
    const reach = event.pointerType === "touch" ? "near" : "any";
    isTaken = event.button === 0 && isNear(event, reach);
    if (!isTaken) return;
    chart.canvas.focus({ preventScroll: true });
    event.preventDefault();
    follow(event);
    const stop = () => {
      window.removeEventListener("pointermove", follow);
      for (const name of ["pointerup", "pointercancel"]) window.removeEventListener(name, stop);
    };
    window.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, stop);
  });
  const keepPage = (event) => {
    if (event.touches.length === 1 && isNear(event.touches[0])) event.preventDefault();
  };
  chart.canvas.addEventListener("touchstart", keepPage, { passive: false });
  chart.canvas.addEventListener("click", (event) => {
    if (!isTaken && isNear(event, "any")) follow(event);
  });
}

const pixelsBetween = (chart, event, w1, w2) => {
  const box = chart.canvas.getBoundingClientRect();
  return Math.hypot(
    event.clientX - box.left - chart.toX(w1),
    event.clientY - box.top - chart.toY(w2),
  );
};

makeDraggable(
  planeChart,
  (event, reach) => reach === "any" || pixelsBetween(planeChart, event, state.w1, state.w2) < 40,
  ({ x, y }) => movePoint(x, y),
);

planeChart.canvas.addEventListener("keydown", (event) => {
  const sideways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const direction = { ...sideways, ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
  if (!direction) return;
  event.preventDefault();
  const step = (event.shiftKey ? 0.001 : 0.01) / state.zoom;
  // Whole steps of a grid, so that sums of 0.01 stay round numbers.
  const moved = (value, sign) => (sign ? Math.round((value + sign * step) / step) * step : value);
  const tidy = (value) => Number(value.toPrecision(12));
  movePoint(tidy(moved(state.w1, direction[0])), tidy(moved(state.w2, direction[1])));
  const { x, y } = planeView(state);
  const isShown = state.w1 > x.min && state.w1 < x.max && state.w2 > y.min && state.w2 < y.max;
  if (!isShown) change({ centre1: state.w1, centre2: state.w2 });
});
