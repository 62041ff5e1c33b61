// One chart on a canvas: axes with units, bands, curves, and values where a pointer or an arrow is.

class Chart {
  /**
   * @param {string} id of a figure that holds a canvas and a ".tip".
   * @param {object} margin in CSS pixels: left, right, top, bottom.
   */
  constructor(id, margin = {}) {
    this.figure = byId(id);
    this.canvas = this.figure.querySelector("canvas");
    this.tip = this.figure.querySelector(".tip");
    this.context = this.canvas.getContext("2d");
    this.margin = { left: 52, right: 12, top: 12, bottom: 40, ...margin };
    this.chosen = null;
    new ResizeObserver(drawSoon).observe(this.canvas);
    this.canvas.addEventListener("pointermove", (event) => this.choose(event));
    this.canvas.addEventListener("pointerdown", (event) => this.choose(event));
    this.canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.forget();
    });
    this.canvas.addEventListener("blur", () => this.forget());
    this.canvas.addEventListener("keydown", (event) => this.step(event));
  }

  /** Draw {x, y, bands, lines, curves, tip, message, label, underlay, overlay}. */
  draw(spec) {
    this.spec = spec;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (!width || !height) return;
    if (this.canvas.width !== Math.round(width * ratio)) this.canvas.width = width * ratio;
    if (this.canvas.height !== Math.round(height * ratio)) this.canvas.height = height * ratio;
    const { left, right, top, bottom } = this.margin;
    this.frame = { left, top, width: width - left - right, height: height - top - bottom };
    this.scaleX = makeScale(spec.x);
    this.scaleY = makeScale(spec.y);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, width, height);
    this.context.font = "12px system-ui, sans-serif";
    this.context.lineJoin = "round";
    this.clipped(() => this.drawBands(spec.bands ?? []));
    if (spec.underlay) this.clipped(() => spec.underlay(this));
    this.drawAxes(spec);
    this.clipped(() => {
      this.drawLines(spec.lines ?? []);
      for (const curve of spec.curves ?? []) this.drawCurve(curve);
      if (spec.overlay) spec.overlay(this);
      if (spec.message) this.drawMessage(spec.message);
    });
    if (spec.label) this.canvas.setAttribute("aria-label", spec.label);
    this.showTip();
  }

  toX(value) {
    return this.frame.left + this.scaleX.fraction(value) * this.frame.width;
  }

  toY(value) {
    return this.frame.top + (1 - this.scaleY.fraction(value)) * this.frame.height;
  }

  /** The values under a pointer event. */
  valuesAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const across = (event.clientX - box.left - this.frame.left) / this.frame.width;
    const up = 1 - (event.clientY - box.top - this.frame.top) / this.frame.height;
    return { x: this.scaleX.value(across), y: this.scaleY.value(up) };
  }

  clipped(paint) {
    const { left, top, width, height } = this.frame;
    this.context.save();
    this.context.beginPath();
    this.context.rect(left, top, width, height);
    this.context.clip();
    paint();
    this.context.restore();
  }

  drawBands(bands) {
    const { top, height } = this.frame;
    bands.forEach(({ low, high, symbol }, k) => {
      const [from, to] = [this.toX(Math.max(low, this.spec.x.min)), this.toX(high)];
      if (to <= this.frame.left || from >= this.frame.left + this.frame.width) return;
      this.context.fillStyle = withAlpha(palette.band, k % 2 ? 0.1 : 0.2);
      this.context.fillRect(from, top, to - from, height);
      this.text(symbol, (from + to) / 2, top + 11, { colour: palette.quiet });
    });
  }

  drawAxes({ x, y }) {
    const { left, top, width, height } = this.frame;
    const ticksOf = ({ ticks, log, min, max }, count) =>
      ticks ?? (log ? logTicks : linearTicks)(min, max, count);
    const xTicks = ticksOf(x, width / (x.log ? 50 : 70));
    const yTicks = ticksOf(y, height / 36);
    this.context.lineWidth = 1;
    this.context.strokeStyle = withAlpha(palette.line, 0.7);
    this.context.beginPath();
    for (const { value } of xTicks) {
      this.segment(this.toX(value), top, this.toX(value), top + height);
    }
    for (const { value } of yTicks) {
      this.segment(left, this.toY(value), left + width, this.toY(value));
    }
    this.context.stroke();
    for (const { value, label } of xTicks) this.text(label, this.toX(value), top + height + 12);
    for (const { value, label } of yTicks) {
      this.text(label, left - 6, this.toY(value), { align: "right" });
    }
    this.context.strokeStyle = palette.quiet;
    this.context.strokeRect(left, top, width, height);
    this.text(x.label, left + width / 2, top + height + 29, { colour: palette.ink });
    this.context.save();
    this.context.translate(11, top + height / 2);
    this.context.rotate(-Math.PI / 2);
    this.text(y.label, 0, 0, { colour: palette.ink });
    this.context.restore();
  }

  segment(x0, y0, x1, y1) {
    this.context.moveTo(x0, y0);
    this.context.lineTo(x1, y1);
  }

  text(text, x, y, { colour = palette.quiet, align = "center", halo = false } = {}) {
    this.context.textAlign = align;
    this.context.textBaseline = "middle";
    if (halo) {
      this.context.lineWidth = 4;
      this.context.strokeStyle = withAlpha(palette.panel, 0.8);
      this.context.strokeText(text, x, y);
    }
    this.context.fillStyle = colour;
    this.context.fillText(text, x, y);
  }

  /** Vertical lines {x} and horizontal ones {y}; labels are written when all lines stand. */
  drawLines(lines) {
    const named = lines.filter(({ label }) => label);
    const across = named.filter(({ x }) => x !== undefined).map(({ x }) => this.toX(x));
    const written = [];
    for (const line of lines) this.drawLine(line);
    for (const line of named) {
      if (line.x === undefined) this.nameLevel(line);
      else written.push(this.nameUpright(line, across, written));
    }
  }

  drawLine({ x, y, colour = palette.quiet, dash = [4, 4], width = 1 }) {
    const { left, top, width: span, height } = this.frame;
    this.context.strokeStyle = colour;
    this.context.lineWidth = width;
    this.context.setLineDash(dash);
    this.context.beginPath();
    if (x !== undefined) this.segment(this.toX(x), top, this.toX(x), top + height);
    else this.segment(left, this.toY(y), left + span, this.toY(y));
    this.context.stroke();
    this.context.setLineDash([]);
  }

  /** Write the name of a horizontal line above its right end, or below where there is no room. */
  nameLevel({ y, label }) {
    const { left, top, width } = this.frame;
    const above = this.toY(y) - 8 > top + 6 ? -8 : 9;
    this.text(label, left + width - 4, this.toY(y) + above, { align: "right", halo: true });
  }

  /**
   * Write the name of a vertical line at its foot: right of it, left of it or across it, in the
   * lowest row where it leaves the chart, meets a name or crosses another named line nowhere; where
   * every place crosses one, in the lowest where it meets no name.
   */
  nameUpright({ x, label, colour = palette.quiet }, across, written) {
    const { left, top, width, height } = this.frame;
    const [place, size] = [this.toX(x), this.context.measureText(label).width];
    const [first, last] = [left + 2, left + width - 2 - size];
    const centred = Math.max(first, Math.min(last, place - size / 2));
    const starts = [place + 5, place - 5 - size, centred];
    const fits = ({ row, from }) =>
      from >= first &&
      from <= last &&
      !written.some((o) => o.row === row && o.from < from + size + 4 && from < o.to + 4);
    const crosses = ({ from }) =>
      across.some((other) => other !== place && other > from - 2 && other < from + size + 2);
    const fitting = [0, 1, 2, 3]
      .flatMap((row) => starts.map((from) => ({ row, from })))
      .filter(fits);
    const free = fitting.find((choice) => !crosses(choice));
    const { row, from } = free ?? fitting[0] ?? { row: 4, from: centred };
    this.text(label, from, top + height - 10 - 16 * row, { align: "left", colour, halo: true });
    return { row, from, to: from + size };
  }

  /** A curve {x, y, colour, mode, width, dash, size, hollow}; mode "line", "stems" or "dots". */
  drawCurve({ x, y, colour, mode = "line", width = 1.6, dash = [], size = 3, hollow = false }) {
    const context = this.context;
    const far = 1e5; // pixels: beyond it canvases lose their place
    const place = (k) => [this.toX(x[k]), Math.min(far, Math.max(-far, this.toY(y[k])))];
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.beginPath();
    let isDown = false;
    for (let k = 0; k < x.length; k++) {
      const [across, down] = place(k);
      if (!Number.isFinite(down)) isDown = false;
      else if (mode === "stems") this.segment(across, this.toY(0), across, down);
      else if (mode === "line") {
        if (isDown) context.lineTo(across, down);
        else context.moveTo(across, down);
        isDown = true;
      }
    }
    context.stroke();
    context.setLineDash([]);
    if (mode === "line") return;
    context.fillStyle = hollow ? palette.panel : colour;
    for (let k = 0; k < x.length; k++) {
      const [across, down] = place(k);
      if (!Number.isFinite(down)) continue;
      context.beginPath();
      context.arc(across, down, size, 0, 2 * Math.PI);
      context.fill();
      if (hollow) context.stroke();
    }
  }

  drawMessage(message) {
    const { left, top, width, height } = this.frame;
    const lines = message.split("\n");
    lines.forEach((line, k) => {
      const down = top + height / 2 + 17 * (k - (lines.length - 1) / 2);
      this.text(line, left + width / 2, down, { colour: palette.ink, halo: true });
    });
  }
}
