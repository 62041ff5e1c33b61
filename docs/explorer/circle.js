// The complex plane: both roots and the unit circle. A root can be dragged.

const circleChart = new Chart("circle", { left: 46, right: 8, top: 8 });
let heldRoot = 0;

/** Axes with one scale in both directions, wide enough for the roots. */
function circleView(node) {
  const frame = circleChart.frame ?? { width: 3, height: 2.4 };
  const sizes = node.roots.map(({ real, imaginary }) => 1.1 * Math.hypot(real, imaginary));
  const reach = Math.max(1.3, ...sizes);
  const half = frame.width > frame.height ? reach : (reach * frame.height) / frame.width;
  const across = (half * frame.width) / frame.height;
  return {
    x: { min: -across, max: across, label: "Re z" },
    y: { min: -half, max: half, label: "Im z" },
  };
}

function paintCircle(chart, node) {
  const { context } = chart;
  const radius = chart.toX(1) - chart.toX(0);
  context.beginPath();
  context.arc(chart.toX(0), chart.toY(0), radius, 0, 2 * Math.PI);
  context.fillStyle = withAlpha(palette.plain, 0.12);
  context.fill();
  context.strokeStyle = palette.ink;
  context.lineWidth = 1.6;
  context.stroke();
  chart.drawLine({ x: 0, dash: [2, 3] });
  chart.drawLine({ y: 0, dash: [2, 3] });
  // Angles on the circle are frequencies: a full turn is the sample rate.
  for (const turn of [1 / 8, 1 / 4, 3 / 8]) {
    const [real, imaginary] = [Math.cos(2 * Math.PI * turn), Math.sin(2 * Math.PI * turn)];
    const align = real < -0.1 ? "right" : real > 0.1 ? "left" : "center";
    const place = [chart.toX(1.07 * real), chart.toY(1.1 * imaginary)];
    chart.text(hertz(turn * node.fs, 3), ...place, { align, halo: true });
  }
  const half = hertz(node.fs / 2, 3);
  chart.text(half, chart.toX(-0.95), chart.toY(0.12), { align: "left" });
}

function paintRoots(chart, node) {
  const { context } = chart;
  for (const { real, imaginary } of node.roots) {
    const [across, down] = [chart.toX(real), chart.toY(imaginary)];
    context.strokeStyle = palette.accent;
    context.lineWidth = 1.5;
    context.beginPath();
    chart.segment(chart.toX(0), chart.toY(0), across, down);
    context.stroke();
    context.beginPath();
    context.arc(across, down, 7, 0, 2 * Math.PI);
    context.fillStyle = palette.accent;
    context.fill();
    context.strokeStyle = palette.panel;
    context.lineWidth = 2;
    context.stroke();
  }
}

views.push((node) => {
  const [first, second] = node.roots;
  circleChart.draw({
    ...circleView(node),
    underlay: (chart) => paintCircle(chart, node),
    overlay: (chart) => paintRoots(chart, node),
    label: `Roots ${rootText(first)} and ${rootText(second)}, the larger ${digits(node.radius)}`,
  });
});

/** Put one root at a place: a pair off the real axis; on it the other root stays where it is. */
function moveRoot({ x, y }) {
  const height = circleChart.scaleY.value(1);
  const isReal = Math.abs(y) < 0.03 * height;
  if (!isReal) {
    heldRoot = y > 0 ? 0 : 1;
    movePoint(2 * x, -(x * x + y * y));
    return;
  }
  const both = roots(state.w1, state.w2);
  const other = both[0].imaginary === 0 ? both[1 - heldRoot].real : x;
  movePoint(x + other, -x * other);
  const after = roots(state.w1, state.w2);
  heldRoot = Math.abs(after[0].real - x) <= Math.abs(after[1].real - x) ? 0 : 1;
}

makeDraggable(
  circleChart,
  (event) => {
    const near = roots(state.w1, state.w2).map(({ real, imaginary }) =>
      pixelsBetween(circleChart, event, real, imaginary),
    );
    heldRoot = near[0] <= near[1] ? 0 : 1;
    return near[heldRoot] < 30;
  },
  moveRoot,
);
