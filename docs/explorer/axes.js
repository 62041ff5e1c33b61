// Axes: scales, ticks and the palette that canvases share with the style sheet.

let palette = {};

/** Read the colours again: after a change of theme and before printing. */
function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ink", "quiet", "line", "panel", "oscillates", "flickers", "plain"];
  const read = (name) => [name, style.getPropertyValue(`--${name}`)];
  palette = Object.fromEntries([...names, "accent", "golden", "band"].map(read));
}

const withAlpha = (colour, alpha) =>
  `color-mix(in srgb, ${colour} ${Math.round(alpha * 100)}%, transparent)`;

/** About `count` round numbers that cover an interval. */
function linearTicks(min, max, count) {
  const raw = (max - min) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999);
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Array.from({ length: last - first + 1 }, (_, k) => {
    const value = (first + k) * step;
    return { value, label: value.toFixed(places).replace(/^-(?=0\.?0*$)/, "").replace(/^-/, "−") };
  });
}

const roundLabel = (value, power) =>
  Math.abs(power) > 3 ? powerOfTen(power, value / 10 ** power) : digits(value, 1);

/** Powers of ten, with 2 and 5 between where few decades are shown, without labels that touch. */
function logTicks(min, max, count) {
  const [low, high] = [Math.floor(Math.log10(min)), Math.ceil(Math.log10(max))];
  const every = Math.max(1, Math.ceil((high - low) / count));
  const factors = high - low <= count / 2.5 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = low; power <= high; power++) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value < min * 0.999 || value > max * 1.001) continue;
      ticks.push({ value, label: power % every === 0 ? roundLabel(value, power) : "" });
    }
  }
  return ticks;
}

/** A scale: values to fractions of an axis and back. */
function makeScale({ min, max, log = false }) {
  const [forward, backward] = log ? [Math.log, Math.exp] : [(v) => v, (v) => v];
  const [low, high] = [forward(min), forward(max)];
  return {
    fraction: (value) => (forward(value) - low) / (high - low),
    value: (fraction) => backward(low + fraction * (high - low)),
  };
}

/** The next round number at or above a positive size, so that axes do not tremble in a drag. */
function roundUp(size) {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * [1, 1.5, 2, 3, 5, 7, 10].find((factor) => factor * power >= size * 0.9999);
}

/** Half the height of a symmetric axis for some values, at most `limit`. */
function halfRange(values, limit) {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > largest) largest = Math.abs(value);
  return roundUp(Math.max(1e-9, Math.min(limit, largest * 1.05)));
}

/** Evenly spaced numbers, in the logarithm if asked. */
function spaced(min, max, count, log = false) {
  const scale = makeScale({ min, max, log });
  return Float64Array.from({ length: count }, (_, k) => scale.value(k / (count - 1)));
}
