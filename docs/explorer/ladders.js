// Ladders of rhythms: f_k = f_0 r^k, what their rungs sum to, and the day's ladder.
// The same formulas and data as rhythmic.theory.ladders and rhythmic.rhythms.

const GOLDEN_RATIO = (1 + Math.sqrt(5)) / 2;
const SIDEREAL_DAY = 86160; // s, the lecture's
const GOLDEN_TOLERANCE = 5e-4;
const FIRST_BAND_POWER = 24;
const BAND_LABELS = [
  ...["Slow 1", "Delta", "Delta", "Theta", "Alpha", "Beta1"],
  ...["Beta2", "Low Gamma", "Mid Gamma", "High Gamma", "Ripple", "Fast Ripples"],
];

// The clinic's five letters (catalogue "eeg") and the lecture's examples (catalogue "lecture"), Hz.
const BANDS = [
  { name: "delta", symbol: "δ", low: 0.5, high: 4 },
  { name: "theta", symbol: "θ", low: 4, high: 8 },
  { name: "alpha", symbol: "α", low: 8, high: 13 },
  { name: "beta", symbol: "β", low: 13, high: 30 },
  { name: "gamma", symbol: "γ", low: 30, high: 80 },
];
const EXAMPLES = [
  { name: "delta", centre: 2 },
  { name: "spindle", centre: 12 },
  { name: "gamma", centre: 40 },
  { name: "ripple", centre: 150 },
];

function checkRatio(ratio) {
  if (!(ratio > 1 && ratio < Infinity)) {
    throw new RangeError(`ratio must be above 1 and finite, got ${ratio}`);
  }
}

/** f_k = start ratio^k in Hz, below a quarter of the sample rate (geometric_ladder). */
function geometricLadder(ratio, start = 2, sampleRate = 1000) {
  checkRatio(ratio);
  const limit = sampleRate / 4;
  if (!(sampleRate > 0 && sampleRate < Infinity)) {
    throw new RangeError(`sample rate must be positive and finite (Hz), got ${sampleRate}`);
  }
  if (!(start > 0 && start < limit)) {
    throw new RangeError(`start must be above 0 Hz and below ${limit} Hz, got ${start}`);
  }
  const count = Math.ceil(Math.log(limit / start) / Math.log(ratio)) + 1;
  const rungs = Array.from({ length: count }, (_, k) => start * Math.pow(ratio, k));
  return rungs.filter((rung) => rung < limit);
}

/** The only r > 1 with 1 + r^m = r^n, 0 <= m < n <= 24 (sum_ratio). */
function sumRatio(m, n) {
  if (!(m >= 0 && m < n && n <= 24)) {
    throw new RangeError(`m, n must satisfy 0 <= m < n <= 24, got m = ${m}, n = ${n}`);
  }
  let [low, high] = [1, 2];
  for (let half = 0; half < 60; half++) {
    const middle = 0.5 * (low + high);
    if (Math.pow(middle, n) - Math.pow(middle, m) < 1) low = middle;
    else high = middle;
  }
  return high;
}

/** Signed distance to the nearest rung of start ratio^k, in rungs up to 0.5 (rung_offset). */
function rungOffset(value, start, ratio) {
  if (!(ratio > 1)) return NaN;
  const rungs = Math.log(value / start) / Math.log(ratio);
  return rungs - Math.round(rungs);
}

/** Distance in rungs of the sum of two neighbours from the nearest rung (joined_distance). */
const joinedDistance = (ratio) => Math.abs(rungOffset(1 + ratio, 1, ratio));

/** f_1 + f_2 in Hz: 15 Hz + 25 Hz = 40 Hz (frequency_sum). */
const frequencySum = (first, second) => first + second;

/** Frequency in Hz of the joined periods: 25 ms + 40 ms = 65 ms (joined_frequency). */
const joinedFrequency = (first, second) => 1 / (1 / first + 1 / second);

/** Golden to three decimals, as the labels of the day's ladder ask. */
const isGolden = (ratio) => Math.abs(ratio - GOLDEN_RATIO) < GOLDEN_TOLERANCE;

/**
 * Rungs of a ladder with the sum, difference and joined periods of each with the next one, and how
 * far, in rungs, each of these lies from the nearest rung.
 */
function neighbours(rungs, ratio) {
  return rungs.slice(0, -1).map((first, k) => {
    const second = rungs[k + 1];
    const combined = {
      sum: frequencySum(first, second),
      difference: second - first,
      joined: joinedFrequency(first, second),
    };
    const offsets = Object.fromEntries(
      Object.entries(combined).map(([name, value]) => [name, rungOffset(value, rungs[0], ratio)]),
    );
    return { first, second, ...combined, offsets };
  });
}

/** Rungs {power, period, frequency, label} of f_k = ratio^k / day (day_ladder). */
function dayLadder(numPowers = 36, day = SIDEREAL_DAY, ratio = GOLDEN_RATIO) {
  checkRatio(ratio);
  if (!(numPowers >= 1)) {
    throw new RangeError(`number of powers must be 1 or more, got ${numPowers}`);
  }
  if (!(day > 0 && day < Infinity)) {
    throw new RangeError(`day must be positive and finite (s), got ${day}`);
  }
  return Array.from({ length: numPowers }, (_, power) => {
    const growth = Math.pow(ratio, power);
    const label = (isGolden(ratio) && BAND_LABELS[power - FIRST_BAND_POWER]) || "";
    return { power, period: day / growth, frequency: growth / day, label };
  });
}
