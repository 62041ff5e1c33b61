// One node on paper: h_t = w1 h_{t-1} + w2 h_{t-2} + drive_t.
// The same formulas as rhythmic.theory (roots, regimes, second_order, response), in float64.

const REGIMES = [
  "UNDEFINED",
  "GONE",
  "DISAPPEARS",
  "EQUILIBRIUM",
  "EXPLODES",
  "FLICKERS_AND_DISAPPEARS",
  "FLICKERS",
  "FLICKERS_AND_EXPLODES",
  "OSCILLATES_AND_DISAPPEARS",
  "OSCILLATES",
  "OSCILLATES_AND_EXPLODES",
];

const bytes = new DataView(new ArrayBuffer(8));

/** The number with the upper 26 of its 53 digits: its square has no rounding error. */
function upperDigits(value) {
  bytes.setFloat64(0, value);
  bytes.setUint32(4, bytes.getUint32(4) & 0xf8000000);
  return bytes.getFloat64(0);
}

/** w1^2 + 4 w2, with the digits that cancel where the roots nearly meet (roots.discriminant). */
function discriminant(w1, w2) {
  const upper = upperDigits(w1);
  return upper * upper + 4 * w2 + (w1 + upper) * (w1 - upper);
}

const safeSqrt = (value) => (value > 0 ? Math.sqrt(value) : 0);

/**
 * Both roots of z^2 = w1 z + w2 as {real, imaginary} (second_order_roots). Of a pair the one with
 * positive imaginary part comes first, of two real roots the larger; no digit cancels.
 */
function roots(w1, w2) {
  const inside = discriminant(w1, w2);
  if (Number.isNaN(inside)) return [0, 1].map(() => ({ real: NaN, imaginary: NaN }));
  const halfGap = 0.5 * Math.sqrt(Math.abs(inside));
  if (inside < 0) {
    return [halfGap, -halfGap].map((imaginary) => ({ real: 0.5 * w1, imaginary }));
  }
  const larger = 0.5 * w1 + (w1 < 0 ? -halfGap : halfGap);
  const smaller = larger === 0 ? 0 : -w2 / larger;
  return [larger, smaller].map((real) => ({ real, imaginary: 0 }));
}

/** Inside the stability triangle: |w2| < 1 and |w1| < 1 - w2 (is_stable). */
const isStable = (w1, w2) => Math.abs(w2) < 1 && Math.abs(w1) < 1 - w2;

/** A complex pair: w1^2 + 4 w2 < 0 (is_oscillatory). */
const isOscillatory = (w1, w2) => discriminant(w1, w2) < 0;

/** The code of the regime, an index of REGIMES (second_order_regime). */
function regimeCode(w1, w2) {
  if (!Number.isFinite(w1) || !Number.isFinite(w2)) return 0;
  if (w1 === 0 && w2 === 0) return 1;
  const size = Math.abs(w1);
  const shrinks = isStable(w1, w2);
  const settles =
    (w2 === -1 && size < 2) || (Math.abs(w2) <= 1 && size === 1 - w2 && size < 2);
  const fate = shrinks ? 0 : settles ? 1 : 2; // disappears, stays, explodes
  if (discriminant(w1, w2) < 0) return 8 + fate;
  return w2 > 0 || w1 < 0 ? 5 + fate : 2 + fate;
}

const regime = (w1, w2) => REGIMES[regimeCode(w1, w2)];

/** The larger modulus of the two roots (pole_radius): the envelope's factor in one step. */
function poleRadius(w1, w2) {
  const inside = discriminant(w1, w2);
  if (Number.isNaN(inside)) return NaN;
  return inside < 0 ? Math.sqrt(-w2) : 0.5 * (Math.abs(w1) + safeSqrt(inside));
}

/** Frequency in Hz at which the node rings; NaN where the roots are real (node_frequency). */
function frequency(w1, w2, dt) {
  const inside = discriminant(w1, w2);
  if (!(inside < 0 && dt > 0)) return NaN;
  return Math.atan2(Math.sqrt(-inside), w1) / (2 * Math.PI * dt);
}

/** Time in s in which the envelope falls to 1 / e; negative where it grows (decay_time). */
function decayTime(w1, w2, dt) {
  const inside = discriminant(w1, w2);
  if (!(dt > 0)) return NaN;
  if (!(inside < 0) && poleRadius(w1, w2) === 0) return 0;
  const logarithm = inside < 0 ? 0.5 * Math.log(-w2) : Math.log(poleRadius(w1, w2));
  return logarithm === 0 ? Infinity : -dt / logarithm;
}

/**
 * h_0 ... h_numSteps by the equation itself (second_order_trajectory). drive[t] enters h_t from
 * t = 2 on; h_0 and h_1 are given.
 */
function trajectory(w1, w2, h0, h1, numSteps, drive = null) {
  const states = new Float64Array(numSteps + 1);
  states[0] = h0;
  if (numSteps >= 1) states[1] = h1;
  for (let t = 2; t <= numSteps; t++) {
    states[t] = w1 * states[t - 1] + w2 * states[t - 2] + (drive ? drive[t] : 0);
  }
  return states;
}

/** The answer to a drive of a node at rest before time 0: h_0 = drive_0, h_1 = w1 h_0 + drive_1. */
function drivenTrajectory(w1, w2, drive) {
  const start = drive[0];
  return trajectory(w1, w2, start, w1 * start + drive[1], drive.length - 1, drive);
}

/**
 * (z_1^s + z_2^s) / 2 for s >= 0 steps, whole or not: for whole s the trajectory from h_0 = 1,
 * h_1 = w1 / 2, which wakes both roots equally. From step to step a negative root turns half round.
 */
function ringing(w1, w2, steps) {
  const [first, second] = roots(w1, w2);
  if (first.imaginary !== 0) {
    const angle = Math.atan2(first.imaginary, first.real);
    return Math.pow(poleRadius(w1, w2), steps) * Math.cos(angle * steps);
  }
  const power = ({ real }) =>
    Math.pow(Math.abs(real), steps) * (real < 0 ? Math.cos(Math.PI * steps) : 1);
  return 0.5 * (power(first) + power(second));
}

/**
 * 1 / H turned by the angle, summed from small numbers near 0 Hz and near the Nyquist frequency
 * (response._rotated_polynomial).
 */
function rotatedPolynomial(w1, w2, angle) {
  const cosine = Math.cos(angle);
  let real = (1 - w2) * cosine - w1;
  if (cosine > 0.5) real = 1 - w1 - w2 - 2 * (1 - w2) * Math.sin(0.5 * angle) ** 2;
  if (cosine < -0.5) real = 2 * (1 - w2) * Math.cos(0.5 * angle) ** 2 - (1 + w1 - w2);
  return { real, imaginary: (1 + w2) * Math.sin(angle) };
}

/**
 * H(f) = 1 / (1 - w1 e^{-i theta} - w2 e^{-2 i theta}), theta = 2 pi f dt (frequency_response), as
 * {real, imaginary}; NaN at a root on the unit circle.
 */
function frequencyResponse(w1, w2, driveFrequency, dt) {
  const angle = 2 * Math.PI * (driveFrequency * dt);
  const { real, imaginary } = rotatedPolynomial(w1, w2, angle);
  const power = real * real + imaginary * imaginary;
  const inverse = power > 0 && dt > 0 ? 1 / power : NaN;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return {
    real: inverse * (real * cosine + imaginary * sine),
    imaginary: inverse * (real * sine - imaginary * cosine),
  };
}

/** |H(f)|: how much larger the answer is than the rhythm that drives it. */
function gain(w1, w2, driveFrequency, dt) {
  const { real, imaginary } = rotatedPolynomial(w1, w2, 2 * Math.PI * (driveFrequency * dt));
  const power = real * real + imaginary * imaginary;
  return power > 0 && dt > 0 ? 1 / Math.sqrt(power) : NaN;
}
