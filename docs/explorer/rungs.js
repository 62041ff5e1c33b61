// The ladder of rhythms and the day's ladder.

const ladderChart = new Chart("ladder", { left: 92, bottom: 42 });
const distanceChart = new Chart("distance");
const dayChart = new Chart("day");
const LADDER_RATE = 1000; // Hz; the network keeps rungs below a quarter of it
const ON_A_RUNG = 0.02; // in rungs
const COMBINED = ["joined", "difference", "sum"];
const NAMED_RATIOS = [
  ...[{ name: "plastic", ratio: sumRatio(1, 3) }, { name: "golden", ratio: GOLDEN_RATIO }],
  ...[{ name: "doubling", ratio: sumRatio(0, 1) }, { name: "e", ratio: Math.E }],
];

const ratioName = (ratio) =>
  NAMED_RATIOS.find((named) => Math.abs(named.ratio - ratio) < GOLDEN_TOLERANCE)?.name ?? "";

/** Every mark of the ladder's chart: where it is, its row, and what it says. */
function ladderMarks(rungs, ratio) {
  const marks = rungs.map((x, k) => ({
    ...{ x, row: 3, isHit: true },
    text: `rung ${k}: ${hertz(x)}, period ${duration(1 / x)}`,
  }));
  neighbours(rungs, ratio).forEach((pair, k) => {
    COMBINED.forEach((name, row) => {
      const offset = pair.offsets[name];
      const isHit = Math.abs(offset) < ON_A_RUNG;
      const where = isHit ? "on a rung" : `${digits(offset, 2)} rungs from the nearest`;
      const what = `${name} of rungs ${k} and ${k + 1}: ${hertz(pair[name])}`;
      marks.push({ x: pair[name], row, isHit, text: `${what}\n${where}` });
    });
  });
  return marks;
}

views.push(() => {
  const { ratio, first } = state;
  const rungs = geometricLadder(ratio, first, LADDER_RATE);
  const marks = ladderMarks(rungs, ratio);
  const colour = isGolden(ratio) ? palette.golden : palette.oscillates;
  const rows = ["joined periods", "differences", "sums", "rungs"];
  const group = (chosen, extra) => ({
    ...{ x: chosen.map(({ x }) => x), y: chosen.map(({ row }) => row), mode: "dots", size: 5 },
    ...extra,
  });
  ladderChart.draw({
    x: { min: first / 3, max: 500, log: true, label: "frequency (Hz)" },
    y: { min: -0.6, max: 3.9, label: "", ticks: rows.map((label, value) => ({ value, label })) },
    bands: BANDS,
    lines: rungs.map((x) => ({ x, colour: withAlpha(colour, 0.6), dash: [] })),
    curves: [
      group(marks.filter(({ isHit }) => isHit), { colour }),
      group(marks.filter(({ isHit }) => !isHit), { colour: palette.quiet, hollow: true }),
    ],
    tip: { ...group(marks), text: (k) => marks[k].text },
    label:
      `Ladder from ${hertz(first)} by ${digits(ratio)}: ` +
      `${rungs.map((rung) => digits(rung, 3)).join(", ")} Hz`,
  });
  byId("golden-note").textContent = ladderWords(ratio);
  byId("golden-note").classList.toggle("golden", isGolden(ratio));
  fillLadderTable(rungs, ratio);
});

function ladderWords(ratio) {
  if (isGolden(ratio)) {
    return (
      "Golden ratio: the one ratio at which every two neighbours sum to the next rung, " +
      "fₖ + fₖ₊₁ = fₖ₊₂. So their difference, and their joined periods, are the rung below."
    );
  }
  const name = ratioName(ratio);
  const distance = joinedDistance(ratio);
  const hit = distance < 1e-6 ? ": on a rung, though not on the next one" : "";
  return (
    `At ratio ${digits(ratio)}${name ? ` (${name})` : ""} the sum of two neighbours lies ` +
    `${digits(distance, 2)} rungs from the nearest rung${hit}. ` +
    `Golden, ${digits(GOLDEN_RATIO)}, makes it the next rung.`
  );
}

const fillLadderTable = onChange((rungs, ratio) => {
  const pairs = neighbours(rungs, ratio);
  byId("ladder-rows").replaceChildren(
    ...rungs.map((rung, k) => {
      const row = document.createElement("tr");
      const place = element("button", hertz(rung));
      place.type = "button";
      place.title = "Put the node on this rhythm";
      place.addEventListener("click", () => placeNode(rung));
      const cell = document.createElement("td");
      cell.append(place);
      row.append(element("th", String(k)), cell, element("td", duration(1 / rung)));
      for (const name of ["sum", "difference", "joined"]) {
        const isHit = pairs[k] && Math.abs(pairs[k].offsets[name]) < ON_A_RUNG;
        const text = pairs[k] ? `${isHit ? "● " : ""}${hertz(pairs[k][name], 3)}` : "";
        row.append(element("td", text, isHit ? "hit" : ""));
      }
      row.firstChild.scope = "row";
      return row;
    }),
  );
  nameCells(byId("ladder-rows"));
});

/** Put the node on a rung: its decay stays; the network's 1000 Hz where the rung asks for it. */
function placeNode(rung) {
  const fs = rung < state.fs / 4 ? state.fs : LADDER_RATE;
  const radius = Math.min(1, poleRadius(state.w1, state.w2));
  const { w1, w2 } = weightsFromPoles(rung, Math.max(0.5, radius), 1 / fs);
  say(change({ w1, w2, fs, driven: rung }) || `The node rings at ${hertz(rung)}.`);
}

views.push(() => {
  const ratios = spaced(FIELDS.ratio.min, FIELDS.ratio.max, 2000);
  distanceChart.draw({
    x: { min: ratios[0], max: ratios.at(-1), label: "ratio of neighbours (no unit)" },
    y: { min: 0, max: 0.52, label: "distance of sums (rungs)" },
    lines: [
      ...NAMED_RATIOS.map(({ name, ratio }) => ({
        ...{ x: ratio, label: name, dash: [3, 3] },
        colour: name === "golden" ? palette.golden : palette.quiet,
      })),
      { x: state.ratio, colour: palette.accent, dash: [], width: 2 },
    ],
    curves: [{ x: ratios, y: ratios.map(joinedDistance), colour: palette.ink }],
    tip: {
      x: ratios,
      text: (k) => `ratio ${digits(ratios[k])}\n${digits(joinedDistance(ratios[k]), 2)} rungs`,
    },
    label:
      "Distance of the sum of neighbours from the nearest rung; at ratio " +
      `${digits(state.ratio)} it is ${digits(joinedDistance(state.ratio), 2)}`,
  });
});

makeDraggable(
  distanceChart,
  (event, reach) => {
    const box = distanceChart.canvas.getBoundingClientRect();
    const away = event.clientX - box.left - distanceChart.toX(state.ratio);
    return reach === "any" || Math.abs(away) < 30;
  },
  ({ x }) => change({ ratio: Math.min(FIELDS.ratio.max, Math.max(FIELDS.ratio.min, x)) }),
);

/** Rungs from one day up to the fast ripples: 36 where the ratio is golden. */
function dayRungs({ day, ratio }) {
  const count = Math.floor(Math.log(300 * day) / Math.log(ratio)) + 1;
  return dayLadder(Math.max(1, count), day, ratio);
}

views.push(() => {
  const rungs = dayRungs(state);
  const [x, y] = [rungs.map((rung) => rung.frequency), rungs.map((rung) => rung.power)];
  const colour = isGolden(state.ratio) ? palette.golden : palette.oscillates;
  dayChart.draw({
    x: { min: 0.5 / state.day, max: 30000, log: true, label: "frequency (Hz)" },
    y: { min: -1, max: y.at(-1) + 2, label: "power k (rungs)" },
    bands: BANDS,
    lines: [{ x: 1 / state.day, label: "one turn a day", colour: palette.quiet }],
    curves: [{ x, y, colour, mode: "dots", size: 4 }],
    overlay: (chart) => labelDay(chart, rungs),
    tip: { x, y, text: (k) => dayWords(rungs[k]) },
    label: `The day's ladder: ${rungs.length} rungs up to ${hertz(x.at(-1), 3)}`,
  });
  byId("day-words").textContent =
    `${rungs.length} rungs from ${hertz(x[0], 3)} (one turn in ${duration(state.day)}) ` +
    `to ${hertz(x.at(-1), 3)}` +
    (isGolden(state.ratio) ? "." : "; the lecture names bands for the golden ratio alone.");
  fillDayTable(rungs);
});

const fillDayTable = onChange((rungs) => {
  byId("day-rows").replaceChildren(
    ...rungs.map(({ power, period, frequency: value, label }) => {
      const row = document.createElement("tr");
      row.append(element("th", String(power)), element("td", digits(period, period < 1e4 ? 4 : 5)));
      row.append(element("td", digits(value, 3)), element("td", label));
      row.firstChild.scope = "row";
      row.className = label ? "hit" : "";
      return row;
    }),
  );
});

const dayWords = ({ power, period: length, frequency: value, label }) =>
  `k = ${power}${label && `, ${label}`}\n${duration(length)}, ${hertz(value, 3)}`;

/** Write the lecture's names beside their rungs: left and right in turn, where there is room. */
function labelDay(chart, rungs) {
  const names = rungs
    .filter(({ label }) => label)
    .map((rung) => ({ ...rung, text: `${rung.label} ${digits(rung.frequency, 2)}` }));
  const end = chart.frame.left + chart.frame.width - 2;
  const widthOf = (text) => chart.context.measureText(text).width;
  const hasRoom = names.every(
    ({ frequency: value, text }) => chart.toX(value) + 9 + widthOf(text) <= end,
  );
  for (const { power, frequency: value, text } of names) {
    const [align, away] = power % 2 && hasRoom ? ["left", 9] : ["right", -9];
    const place = [chart.toX(value) + away, chart.toY(power)];
    chart.text(text, ...place, { align, colour: palette.ink, halo: true });
  }
}
