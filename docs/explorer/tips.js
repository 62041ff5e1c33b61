// The values of a chart where a pointer or an arrow key is. `spec.tip` is {x, y?, text(k)}.

Object.assign(Chart.prototype, {
  /** Take the point nearest to a pointer: across, or in the plane where the points have a y. */
  choose(event) {
    const tip = this.spec?.tip;
    if (!tip || !this.frame) return;
    const box = this.canvas.getBoundingClientRect();
    const [across, down] = [event.clientX - box.left, event.clientY - box.top];
    let [nearest, least] = [null, Infinity];
    for (let k = 0; k < tip.x.length; k++) {
      const above = tip.y ? this.toY(tip.y[k]) - down : 0;
      const distance = Math.hypot(this.toX(tip.x[k]) - across, above);
      if (distance < least) [nearest, least] = [k, distance];
    }
    this.chosen = nearest;
    drawSoon();
  },

  forget() {
    if (this.chosen === null) return;
    this.chosen = null;
    drawSoon();
  },

  /** Left and right go from value to value, Escape hides them. */
  step(event) {
    const tip = this.spec?.tip;
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") this.forget();
    if (!tip || !move) return;
    event.preventDefault();
    const last = tip.x.length - 1;
    const start = this.chosen ?? (move > 0 ? -1 : last + 1);
    this.chosen = Math.min(last, Math.max(0, start + move * (event.shiftKey ? 10 : 1)));
    drawSoon();
  },

  showTip() {
    const tip = this.spec.tip;
    const isShown = Boolean(tip) && this.chosen !== null && this.chosen < tip.x.length;
    this.tip.hidden = !isShown;
    if (!isShown) return;
    const across = this.toX(tip.x[this.chosen]);
    const { left, top, width, height } = this.frame;
    if (!(across >= left - 1 && across <= left + width + 1)) {
      this.tip.hidden = true;
      return;
    }
    this.context.strokeStyle = palette.ink;
    this.context.lineWidth = 1;
    this.context.beginPath();
    if (tip.y) this.context.arc(across, this.toY(tip.y[this.chosen]), 8, 0, 2 * Math.PI);
    else this.segment(across, top, across, top + height);
    this.context.stroke();
    this.tip.textContent = tip.text(this.chosen);
    const isRight = across > left + width / 2;
    this.tip.style.left = isRight ? "auto" : `${across + 10}px`;
    this.tip.style.right = isRight ? `${this.canvas.clientWidth - across + 10}px` : "auto";
    const beside = tip.y ? Math.max(top, this.toY(tip.y[this.chosen]) - 60) : top + 6;
    this.tip.style.top = `${beside}px`;
  },
});
