// The node in time and over frequency: free decay, answer to a drive, gain.

const freeChart = new Chart("free");
const drivenChart = new Chart("driven", { left: 64 });
const gainChart = new Chart("gain", { left: 58 });

/** The time axis of the steps that are shown: seconds, or milliseconds below one second. */
function timeAxis(node) {
  const span = state.steps * node.dt;
  const [unit, factor] = span < 1 ? ["ms", 1e3] : ["s", 1];
  const times = Float64Array.from({ length: state.steps + 1 }, (_, t) => t * node.dt * factor);
  return { times, unit, axis: { min: 0, max: span * factor, label: `time (${unit})` }, factor };
}

/** Stems where single steps can be told apart, a line where they cannot. */
function stepCurves(chart, times, states, colour) {
  const pixels = (chart.frame?.width ?? 400) / times.length;
  const line = { x: times, y: states, colour, width: pixels > 4 ? 1 : 1.6 };
  return pixels > 4
    ? [{ ...line, mode: "stems", size: Math.min(3.2, pixels / 3) }]
    : [line];
}

/** Two curves +- size r^t round the states. */
function envelope(times, size, radius, colour) {
  const upper = times.map((_, t) => size * Math.pow(radius, t));
  const style = { x: times, colour, width: 1.2, dash: [5, 4] };
  return [{ ...style, y: upper }, { ...style, y: upper.map((value) => -value) }];
}

/** Amplitude of the envelope of a pair from h_0 and h_1: h_t = A r^t cos(theta t + phase). */
function envelopeSize(node, h0, h1) {
  const { real, imaginary } = node.roots[0];
  return Math.hypot(h0, (h1 - real * h0) / imaginary);
}

views.push((node) => {
  const { times, unit, axis, factor } = timeAxis(node);
  const h1 = state.start === "roots" ? 0.5 * node.w1 : 1;
  const states = trajectory(node.w1, node.w2, 1, h1, state.steps);
  const isPair = node.roots[0].imaginary !== 0;
  const size = isPair ? envelopeSize(node, 1, h1) : 0;
  const half = halfRange([...states, 1], node.isStable ? 50 : 8);
  const colour = palette[kindOf(node.regime)];
  const marks = node.decayTime > 0 && node.decayTime * factor < axis.max;
  freeChart.draw({
    x: axis,
    y: { min: -half, max: half, label: "h (its own unit)" },
    lines: [
      { y: 0, dash: [] },
      ...(marks ? [{ x: node.decayTime * factor, label: "1/e", colour: palette.ink }] : []),
    ],
    curves: [
      ...(isPair && node.radius < 1e3 ? envelope(times, size, node.radius, palette.quiet) : []),
      ...stepCurves(freeChart, times, states, colour),
    ],
    tip: {
      x: times,
      text: (t) => `t = ${t} steps, ${digits(times[t])} ${unit}\nh = ${digits(states[t])}`,
    },
    label: `Free motion: ${regimeName(node.regime)}. ${motionWords(node)}`,
  });
});

/** Rhythm and decay in one line. */
function motionWords(node) {
  const rhythm = Number.isNaN(node.frequency) ? "No rhythm" : `Rhythm of ${hertz(node.frequency)}`;
  return node.decayTime < 0
    ? `${rhythm}, envelope grows e-fold in ${duration(-node.decayTime)}`
    : `${rhythm}, envelope falls to 1/e in ${duration(node.decayTime)}`;
}

/** The drive that is chosen, one row a step: a rhythm of amplitude 1, one pulse, or a step. */
function driveRows(node) {
  const { drive, steps, driven } = state;
  const rows = {
    rhythm: (t) => Math.cos(2 * Math.PI * driven * node.dt * t),
    pulse: (t) => (t === 0 ? 1 : 0),
    step: () => 1,
  };
  return Float64Array.from({ length: steps + 1 }, (_, t) => rows[drive](t));
}

views.push((node) => {
  const { times, unit, axis } = timeAxis(node);
  const drive = driveRows(node);
  const states = drivenTrajectory(node.w1, node.w2, drive);
  const colour = palette[kindOf(node.regime)];
  const answer = gain(node.w1, node.w2, state.driven, node.dt);
  const isRhythm = state.drive === "rhythm";
  const shown = isRhythm && node.isStable ? [answer, -answer] : [];
  const half = halfRange([...states, 1], node.isStable ? 1e6 : 20);
  const gainWords = `${hertz(state.driven)}: gain ${digits(answer)}`;
  const isAlias = isRhythm && state.driven > node.fs / 2;
  drivenChart.draw({
    x: axis,
    y: { min: -half, max: half, label: "h and input (unit of h)" },
    lines: [
      { y: 0, dash: [] },
      ...shown.map((y, k) => ({ y, colour: palette.ink, label: k ? "" : "gain |H|" })),
    ],
    curves: [
      ...stepCurves(drivenChart, times, states, colour),
      state.drive === "pulse"
        ? { x: [0], y: [1], colour: palette.ink, mode: "stems", hollow: true, size: 4 }
        : { x: times, y: drive, colour: palette.ink, width: 1.2 },
    ],
    tip: {
      x: times,
      text: (t) =>
        `t = ${digits(times[t])} ${unit}\ninput = ${digits(drive[t])}\nh = ${digits(states[t])}`,
    },
    message: isAlias ? "above half the sample rate: the rhythm is sampled at an alias" : "",
    label: `Answer to a ${state.drive}${isRhythm ? ` of ${gainWords}` : ""}`,
  });
  const caution = node.isStable ? "" : " (formula only: the start is never forgotten)";
  byId("driven-value").textContent = isRhythm ? gainWords + caution : "";
});

views.push((node) => {
  const top = node.fs / 2;
  const lowest = Math.min(0.5, top / 200);
  const frequencies = spaced(lowest, top, 500, true);
  // A narrow resonance must not fall between two points.
  const all = Number.isNaN(node.frequency)
    ? frequencies
    : Float64Array.from([...frequencies, ...peakPoints(node, lowest, top)]).sort();
  const gains = all.map((f) => gain(node.w1, node.w2, f, node.dt));
  const finite = gains.filter(Number.isFinite);
  const [least, most] = [Math.min(1, ...finite), Math.max(1, ...finite)];
  const decade = (value, round) => 10 ** round(Math.log10(Math.min(1e9, value)));
  const examples = EXAMPLES.filter(({ centre }) => centre < top);
  gainChart.draw({
    x: { min: lowest, max: top, log: true, label: "frequency of the input (Hz)" },
    y: {
      ...{ min: decade(least * 0.9, Math.floor), max: decade(most * 1.1, Math.ceil) },
      ...{ log: true, label: "gain |H| (no unit)" },
    },
    bands: BANDS,
    lines: [
      ...examples.map(({ name, centre }) => ({
        ...{ x: centre, label: `${name} ${centre}`, dash: [1, 4], colour: palette.quiet },
      })),
      ...(state.drive === "rhythm" && state.driven < top
        ? [{ x: state.driven, colour: palette.accent, dash: [6, 3] }]
        : []),
    ],
    curves: [{ x: all, y: gains, colour: palette[kindOf(node.regime)], width: 2.2 }],
    tip: { x: all, text: (k) => `${hertz(all[k])}\ngain ${digits(gains[k])}` },
    label: `Gain over frequency; ${motionWords(node)}`,
  });
});

/** Frequencies close round the resonance, on both sides, from one bandwidth to thousands. */
function peakPoints(node, lowest, top) {
  const width = Math.max(1e-9, Math.abs(Math.log(node.radius)) * node.fs);
  const offsets = [...spaced(0.02, 30, 40, true)].map((share) => (share * width) / (2 * Math.PI));
  const sides = offsets.flatMap((offset) => [node.frequency - offset, node.frequency + offset]);
  return [node.frequency, ...sides].filter((f) => f > lowest && f < top);
}
