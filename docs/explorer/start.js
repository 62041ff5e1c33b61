// Start: state from the link, theme, printing, and what a test or the console may ask.

addEventListener("hashchange", () => {
  clearTimeout(linkTimer);
  say(restore(location.hash));
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  readPalette();
  drawSoon();
});

/** Printed pages are light: canvases are drawn again in the colours of paper. */
function setPrinting(isPrinting) {
  document.documentElement.classList.toggle("paper", isPrinting);
  readPalette();
  draw();
}
addEventListener("beforeprint", () => setPrinting(true));
addEventListener("afterprint", () => setPrinting(false));

window.rhythmic.explorer = Object.freeze({
  state: () => ({ ...state }),
  draw, // now, not in the next frame
  change,
  link: linkText,
  /** Where values of a chart lie in the window, in CSS pixels. */
  place(name, x, y) {
    const chart = { plane: planeChart, circle: circleChart, distance: distanceChart }[name];
    const box = chart.canvas.getBoundingClientRect();
    return { clientX: box.left + chart.toX(x), clientY: box.top + chart.toY(y) };
  },
});

readPalette();
say(restore(location.hash));
draw();
