// The node as a sound: its free motion, a fixed number of times faster. Silent until asked.

const PLUCK_SECONDS = 1.1;
const FADE_SECONDS = 0.02;
const LOUDNESS = 0.25;
let audio = null;
let pluckTimer = 0;

/** Samples of the free motion (z_1^s + z_2^s) / 2, `speed` times faster; growth is held by tanh. */
function soundSamples(w1, w2, fs, speed, audioRate, seconds) {
  const samples = new Float32Array(Math.round(seconds * audioRate));
  const stepsPerSample = (fs * speed) / audioRate;
  const fade = FADE_SECONDS * audioRate;
  const isStable = poleRadius(w1, w2) <= 1;
  for (let k = 0; k < samples.length; k++) {
    const state = ringing(w1, w2, k * stepsPerSample);
    const ends = Math.min(1, k / (0.1 * fade), (samples.length - k) / fade);
    samples[k] = LOUDNESS * ends * (isStable ? state : Math.tanh(state));
    if (!Number.isFinite(samples[k])) samples[k] = 0;
  }
  return samples;
}

function openAudio() {
  audio ??= new AudioContext();
  audio.resume();
  return audio;
}

function playSamples(samples, when = 0) {
  const buffer = audio.createBuffer(1, samples.length, audio.sampleRate);
  buffer.copyToChannel(samples, 0);
  const source = audio.createBufferSource();
  source.buffer = buffer;
  source.connect(audio.destination);
  source.start(when);
}

function pluck() {
  const { w1, w2, fs, speed } = state;
  playSamples(soundSamples(w1, w2, fs, speed, audio.sampleRate, PLUCK_SECONDS));
  pluckTimer = setTimeout(pluck, PLUCK_SECONDS * 1000);
}

function toggleSound() {
  const button = byId("play");
  const starts = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(starts));
  button.textContent = starts ? "■ Stop" : "▶ Play the node";
  clearTimeout(pluckTimer);
  if (starts) {
    openAudio();
    pluck();
  } else silence();
}

function silence() {
  audio?.close();
  audio = null;
}

/** The rungs one after the other, each as a short decaying rhythm. */
function playLadder() {
  const { speed, ratio, first } = state;
  const isLent = audio !== null; // the node is playing, too
  const context = openAudio();
  geometricLadder(ratio, first, LADDER_RATE).forEach((rung, k) => {
    const radius = Math.exp(-1 / (LADDER_RATE * 0.12 * speed));
    const { w1, w2 } = weightsFromPoles(rung, radius, 1 / LADDER_RATE);
    const samples = soundSamples(w1, w2, LADDER_RATE, speed, context.sampleRate, 0.4);
    playSamples(samples, context.currentTime + 0.05 + 0.32 * k);
  });
  if (isLent) say("The ladder sounds together with the node.");
}

byId("play").addEventListener("click", toggleSound);
byId("play-ladder").addEventListener("click", playLadder);

views.push((node) => {
  const { speed } = state;
  const times = speed === 1 ? "At its own speed" : `Played ${speed} times faster`;
  const heard = node.frequency * speed;
  let words = `${times}: one step lasts ${duration(node.dt / speed)}. `;
  if (Number.isNaN(node.frequency)) {
    const flickers = node.regime.startsWith("FLICKERS");
    const nyquist = hertz(node.fs / 2);
    words += flickers
      ? `A flicker sounds at half the sample rate: ${nyquist} as ${hertz((node.fs / 2) * speed)}.`
      : "Real roots have no pitch: only a click is heard.";
  } else {
    words += `${hertz(node.frequency)} sounds as ${hertz(heard)}.`;
    if (heard < 40) words += " That is too slow to hear well: choose a faster speed.";
    if (heard > 15000) words += " That is too high to hear: choose a slower speed.";
  }
  if (!node.isStable && node.radius > 1) words += " Its growth is held by tanh.";
  byId("sound-words").textContent = words;
});
