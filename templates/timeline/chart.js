// The line of time: bars of what is in view, from years down to seconds; by pointer, wheel and keys.

const SECOND = 1000;
const DAY = 86400 * SECOND;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 604800, 2592000, 7776000, 31557600, 157788000, 315576000, 1577880000, 3155760000, 31557600000];
const LIST = 200;
const HEIGHT = 220;
const FOOT = 24;
const HUES = ["--searched", "--low", "--raw", "--high", "--medium", "--info", "--pass", "--critical", "--structures", "--volumes", "--link", "--lost", "--dim", "--ink"];

const all = { from: times[0] ?? 0, to: Math.max((times[times.length - 1] ?? 0) + SECOND, (times[0] ?? 0) + 60 * SECOND) };
const view = { ...all };
const canvas = el("canvas", { class: "line-of-time", tabindex: "0", role: "application", "aria-label": "Events by time. Left and right move, up or plus zooms in, down or minus zooms out, Home shows all." });
const range = el("p", { class: "range" });
let drag = null;

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function look(from, to) {
  const span = Math.min(Math.max(to - from, SECOND), all.to - all.from);
  const start = Math.min(Math.max(from, all.from), all.to - span);
  [view.from, view.to] = [start, start + span];
  redraw();
}

// About a place in view (0 to 1): that stays where it is.
function zoom(factor, place = 0.5) {
  const at = view.from + (view.to - view.from) * place;
  const span = Math.min(Math.max((view.to - view.from) * factor, SECOND), all.to - all.from);
  look(at - span * place, at + span * (1 - place));
}

function pan(part) {
  const step = (view.to - view.from) * part;
  look(view.from + step, view.to + step);
}

function counts(columns) {
  const bars = Array.from({ length: columns }, () => new Map());
  const [first, end] = [firstAt(view.from), firstAt(view.to)];
  const scale = columns / (view.to - view.from);
  let count = 0;
  for (let index = first; index < end; index += 1) {
    if (!isShown(index)) continue;
    count += 1;
    const bar = bars[Math.min(columns - 1, Math.floor((times[index] - view.from) * scale))];
    bar.set(data.source[index], (bar.get(data.source[index]) ?? 0) + 1);
  }
  return { bars, count, first, end };
}

function redraw() {
  const width = Math.max(280, canvas.clientWidth);
  const dense = window.devicePixelRatio || 1;
  [canvas.width, canvas.height] = [Math.round(width * dense), HEIGHT * dense];
  const pen = canvas.getContext("2d");
  pen.scale(dense, dense);
  const found = counts(Math.floor(width / 4));
  const ground = HEIGHT - FOOT;
  const most = found.bars.reduce((most, bar) => Math.max(most, [...bar.values()].reduce((a, b) => a + b, 0)), 1);
  // A single event among thousands is seen, too.
  const tall = (value) => (Math.log1p(value) / Math.log1p(most)) * (ground - 16);
  const hues = HUES.map(color);
  found.bars.forEach((bar, column) => {
    let [sum, below] = [0, 0];
    for (const [source, value] of [...bar].sort((a, b) => a[0] - b[0])) {
      sum += value;
      const top = Math.max(2, tall(sum));
      pen.fillStyle = hues[source % hues.length];
      pen.fillRect(column * 4, ground - top, 3, top - below);
      below = top;
    }
  });
  axis(pen, width, ground);
  if (drag && drag.to !== drag.from) {
    pen.globalAlpha = 0.2;
    pen.fillStyle = color("--focus");
    pen.fillRect(Math.min(drag.from, drag.to), 0, Math.abs(drag.to - drag.from), ground);
    pen.globalAlpha = 1;
  }
  const text = `${moment(view.from)} to ${moment(view.to)}: ${counted(found.count, "event")}`;
  range.textContent = text;
  list(found);
  return text;
}

function axis(pen, width, ground) {
  pen.fillStyle = color("--dim");
  pen.strokeStyle = color("--rule");
  pen.font = "12px sans-serif";
  pen.fillRect(0, ground, width, 1);
  const span = view.to - view.from;
  const step = (STEPS.find((one) => (span / (one * SECOND)) * 150 <= width) ?? STEPS[STEPS.length - 1]) * SECOND;
  const digits = step >= DAY ? 10 : 19;
  for (let at = Math.ceil(view.from / step) * step; at < view.to; at += step) {
    const x = ((at - view.from) / span) * width;
    pen.fillRect(x, ground, 1, 5);
    if (x + digits * 7 < width) pen.fillText(moment(at, digits), x + 3, ground + 17);
  }
}

function list({ first, end, count }) {
  const rows = [];
  for (let index = first; index < end && rows.length < LIST; index += 1) {
    if (!isShown(index)) continue;
    const cells = [moment(times[index], 23), data.sources[data.source[index]], data.kinds[data.kind[index]], data.texts[data.text[index]]];
    rows.push(el("tr", {}, cells.map((cell) => el("td", {}, cell))));
  }
  const head = ["Time", "Source", "Kind", "Event"].map((text) => el("th", { scope: "col" }, text));
  const more = count > rows.length ? el("p", { class: "dim" }, `${counted(count - rows.length, "more event")} in view: zoom in to see them.`) : null;
  $("#list").replaceChildren(...[
    rows.length ? el("table", { class: "lines" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows)) : el("p", { class: "none" }, "Nothing happened in here."),
    more,
  ].filter(Boolean));
}

function keys(event) {
  const does = {
    ArrowLeft: () => pan(-0.25), ArrowRight: () => pan(0.25), PageUp: () => pan(-1), PageDown: () => pan(1),
    ArrowUp: () => zoom(0.5), "+": () => zoom(0.5), "=": () => zoom(0.5), ArrowDown: () => zoom(2), "-": () => zoom(2),
    Home: () => look(all.from, all.to), Escape: () => zoom(4),
  }[event.key];
  if (!does || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  does();
  tell(range.textContent);
}

const place = (event) => Math.min(Math.max(event.offsetX, 0), canvas.clientWidth);
const timeAt = (x) => view.from + (x / canvas.clientWidth) * (view.to - view.from);

fill(canvas, { on: {
  keydown: keys,
  wheel: (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 0.7 : 1 / 0.7, place(event) / canvas.clientWidth); },
  pointerdown: (event) => { canvas.setPointerCapture(event.pointerId); drag = { from: place(event), to: place(event) }; },
  pointermove: (event) => { if (drag) { drag.to = place(event); redraw(); } },
  pointerup: () => {
    if (!drag) return;
    const [from, to] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
    drag = null;
    if (to - from > 4) look(timeAt(from), timeAt(to));
    else zoom(0.25, from / canvas.clientWidth);
  },
  pointercancel: () => { drag = null; redraw(); },
} }, []);

function box(source) {
  const change = (event) => {
    if (event.target.checked) shown.sources.add(source);
    else shown.sources.delete(source);
    redraw();
  };
  return el("input", { type: "checkbox", checked: true, on: { change } });
}

[...$("#sources").children].forEach((item) => {
  const source = data.sources.indexOf(item.textContent.split(":")[0]);
  item.replaceChildren(el("label", {}, box(source), swatch(source), item.textContent));
});

// The same colour as the bars; a style attribute is nothing that the policy allows.
function swatch(source) {
  const square = draw("svg", { width: 12, height: 12, "aria-hidden": "true" }, draw("rect", { width: 12, height: 12 }));
  const paint = () => square.firstChild.setAttribute("fill", color(HUES[source % HUES.length]));
  paint();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { paint(); redraw(); });
  return square;
}

const finder = el("input", { type: "search", placeholder: "Search events", "aria-label": "Search events", on: { input: (event) => { search(event.target.value); redraw(); } } });
$("#chart").append(
  el("div", { class: "steer" }, range, finder,
    button("Zoom in", () => zoom(0.5)), button("Zoom out", () => zoom(2)),
    button("Earlier", () => pan(-0.5)), button("Later", () => pan(0.5)), button("All", () => look(all.from, all.to))),
  canvas);
new ResizeObserver(() => redraw()).observe(canvas);
redraw();
document.documentElement.dataset.ready = "true";
