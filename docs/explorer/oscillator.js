// The damped harmonic oscillator x'' + 2 beta x' + omega^2 x = F and its node.
// The same formulas as rhythmic.theory (oscillator, forcing, continuous, _damped_motion).

const SCHEMES = ["exact", "backward_difference"];
const SERIES_LIMIT = 0.01;

/** Decay per step of the two real modes, a -+ sqrt(a^2 - b^2), without cancellation. */
function overdampedRates(decay, angle) {
  const halfGap = Math.sqrt((decay - angle) * (decay + angle));
  const larger = Math.abs(decay) + halfGap;
  const smaller = angle * (angle / larger);
  const [slow, fast] = decay >= 0 ? [smaller, larger] : [-larger, -smaller];
  return { slow, fast, halfGap };
}

/** e^{-a} cos(sqrt s) and e^{-a} sin(sqrt s) / sqrt s with s = b^2 - a^2, of any sign. */
function dampedMotion(decay, angle) {
  const square = (angle - decay) * (angle + decay);
  const envelope = Math.exp(-decay);
  if (square > SERIES_LIMIT) {
    const root = Math.sqrt(square);
    return { cosine: envelope * Math.cos(root), sine: (envelope * Math.sin(root)) / root };
  }
  if (square < -SERIES_LIMIT) {
    const { slow, fast, halfGap } = overdampedRates(decay, angle);
    const [left, right] = [Math.exp(-slow), Math.exp(-fast)];
    const gap = 2 * halfGap;
    return { cosine: 0.5 * (left + right), sine: (left * -Math.expm1(-gap)) / gap };
  }
  let [cosine, sine] = [1, 1];
  for (let order = 6; order > 0; order--) {
    cosine = 1 - (square * cosine) / ((2 * order - 1) * (2 * order));
    sine = 1 - (square * sine) / (2 * order * (2 * order + 1));
  }
  return { cosine: envelope * cosine, sine: envelope * sine };
}

/**
 * Weights {w1, w2} of an oscillator (weights_from_oscillator). omega in rad/s, beta in 1/s.
 * "backward_difference" is the lecture's scheme, "exact" passes through the oscillator's samples.
 */
function weightsFromOscillator(omega, beta, dt, scheme) {
  const [decay, angle] = [beta * dt, omega * dt];
  const denominator = 1 + 2 * decay + angle * angle;
  const isExact = scheme === "exact";
  if (!(omega >= 0 && dt > 0) || (!isExact && denominator === 0)) return { w1: NaN, w2: NaN };
  if (isExact) return { w1: 2 * dampedMotion(decay, angle).cosine, w2: -Math.exp(-2 * decay) };
  return { w1: (2 * (1 + decay)) / denominator, w2: -1 / denominator };
}

/** The oscillator {omega, beta} that the scheme maps to the weights (oscillator_from_weights). */
function oscillatorFromWeights(w1, w2, dt, scheme) {
  const none = { omega: NaN, beta: NaN };
  if (!(dt > 0)) return none;
  const { angleSquared, decay } =
    scheme === "exact" ? exactInverse(w1, w2) : backwardInverse(w1, w2);
  if (!(angleSquared >= 0)) return none;
  return { omega: safeSqrt(angleSquared) / dt, beta: decay / dt };
}

function backwardInverse(w1, w2) {
  if (w2 === 0) return { angleSquared: NaN, decay: NaN };
  return { angleSquared: -(1 - w1 - w2) / w2, decay: -(w1 + 2 * w2) / (2 * w2) };
}

function exactInverse(w1, w2) {
  const inside = discriminant(w1, w2);
  if (!(w2 < 0 && (inside < 0 || w1 > 0))) return { angleSquared: NaN, decay: NaN };
  const decay = -0.5 * Math.log(-w2);
  if (inside < 0) {
    const angle = Math.atan2(Math.sqrt(-inside), w1);
    return { angleSquared: angle * angle + decay * decay, decay };
  }
  const slow = -Math.log(0.5 * (w1 + safeSqrt(inside)));
  return { angleSquared: slow * (2 * decay - slow), decay };
}

/** w1 = 2 r cos(2 pi f dt), w2 = -r^2 (weights_from_poles); NaN above the Nyquist frequency. */
function weightsFromPoles(poleFrequency, radius, dt) {
  const cycles = poleFrequency * dt;
  if (!(cycles >= 0 && cycles <= 0.5 && radius >= 0 && dt > 0)) return { w1: NaN, w2: NaN };
  return { w1: 2 * radius * Math.cos(2 * Math.PI * cycles), w2: -radius * radius };
}

/** Free motion {position, velocity} after t seconds from x_0 and v_0 (oscillator_motion). */
function oscillatorMotion(omega, beta, t, position = 1, velocity = 0) {
  if (!(omega >= 0 && t >= 0)) return { position: NaN, velocity: NaN };
  const [decay, angle] = [beta * t, omega * t];
  const { cosine, sine } = dampedMotion(decay, angle);
  return {
    position: position * (cosine + decay * sine) + velocity * t * sine,
    velocity: velocity * (cosine - decay * sine) - position * omega * angle * sine,
  };
}

/** H(f) = 1 / (omega^2 - w^2 + 2 i beta w), w = 2 pi f, in s^2 (oscillator_response). */
function oscillatorResponse(omega, beta, forceFrequency) {
  const w = 2 * Math.PI * forceFrequency;
  const [real, imaginary] = [(omega - w) * (omega + w), 2 * beta * w];
  const power = real * real + imaginary * imaginary;
  const inverse = omega >= 0 && power > 0 ? 1 / power : NaN;
  return { real: inverse * real, imaginary: -inverse * imaginary };
}

/** Weights, in s^2, of the force samples: drive_t = sum of lag_j F_{t-j} (forcing_weights). */
function forcingWeights(omega, beta, dt, scheme) {
  const [decay, angle] = [beta * dt, omega * dt];
  const denominator = 1 + 2 * decay + angle * angle;
  if (!(omega >= 0 && dt > 0) || (scheme !== "exact" && denominator === 0)) return [NaN, NaN, NaN];
  if (scheme !== "exact") return [(dt * dt) / denominator, 0, 0];
  return [0, ...heldForceGains(decay, angle).map((value) => dt * dt * value)];
}

/** What a unit force, held for one step of unit length, adds one and two steps on. */
function heldForceGains(decay, angle) {
  if (Math.max(Math.abs(decay), angle) <= 1) {
    return [taylorGain(decay, angle), Math.exp(-2 * decay) * taylorGain(-decay, angle)];
  }
  const { cosine, sine } = dampedMotion(decay, angle);
  let first = (1 - (cosine + decay * sine)) / (angle * angle);
  let second = (Math.exp(-2 * decay) - (cosine - decay * sine)) / (angle * angle);
  if ((decay - angle) * (decay + angle) >= 0.25) {
    const { slow, fast, halfGap } = overdampedRates(decay, angle);
    const [slowMean, fastMean] = [meanOfDecay(slow), meanOfDecay(fast)];
    const gap = 2 * halfGap;
    if (slow < 1) first = (slowMean - fastMean) / gap;
    if (fast > -1) second = (Math.exp(-slow) * fastMean - Math.exp(-fast) * slowMean) / gap;
  }
  return [first, second];
}

const meanOfDecay = (rate) => (rate === 0 ? 1 : -Math.expm1(-rate) / rate);

/** Integral over one step of e^{-a u} sin(sqrt s u) / sqrt s by its Taylor series; a, b to 1. */
function taylorGain(decay, angle) {
  let [previous, derivative, factorial, total] = [0, 1, 1, 0];
  for (let order = 1; order < 28; order++) {
    factorial *= order + 1;
    total += derivative / factorial;
    [previous, derivative] = [derivative, -2 * decay * derivative - angle * angle * previous];
  }
  return total;
}

/** The node's answer, in s^2, to the samples of a force e^{i w t} (sampled_oscillator_response). */
function sampledOscillatorResponse(omega, beta, forceFrequency, dt, scheme) {
  const taps = forcingWeights(omega, beta, dt, scheme);
  const theta = 2 * Math.PI * (forceFrequency * dt);
  const real = taps[0] + taps[1] * Math.cos(theta) + taps[2] * Math.cos(2 * theta);
  const imaginary = -taps[1] * Math.sin(theta) - taps[2] * Math.sin(2 * theta);
  const { w1, w2 } = weightsFromOscillator(omega, beta, dt, scheme);
  const response = frequencyResponse(w1, w2, forceFrequency, dt);
  return {
    real: real * response.real - imaginary * response.imaginary,
    imaginary: real * response.imaginary + imaginary * response.real,
  };
}

/**
 * What an underdamped oscillator becomes under backward differences, beside what was asked
 * (backward_difference_distortion): radius, frequency in Hz, damping in 1/s.
 */
function backwardDifferenceDistortion(omega, beta, dt) {
  const isValid = omega > Math.abs(beta) && dt > 0;
  const decay = beta * dt;
  const ringing = safeSqrt((omega - beta) * (omega + beta));
  const logDenominator = Math.log1p(2 * decay + (omega * dt) ** 2);
  const values = {
    poleRadius: Math.exp(-0.5 * logDenominator),
    poleRadiusAsked: Math.exp(-decay),
    frequency: Math.atan2(ringing * dt, 1 + decay) / (2 * Math.PI * dt),
    frequencyAsked: ringing / (2 * Math.PI),
    damping: logDenominator / (2 * dt),
    dampingAsked: beta,
  };
  for (const name of Object.keys(values)) if (!isValid) values[name] = NaN;
  return values;
}
