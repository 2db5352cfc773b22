// When the files of findings were changed: bars from years down to minutes.

const time = { way: [], box: null };
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BARS = 60;
// A single bar says nothing of when: there is always some time around it.
const LEAST = 13;
// Years and months are as long as the calendar says; the others have a length in seconds.
const STEPS = [
  { minutes: 1 }, { minutes: 5 }, { minutes: 15 }, { hours: 1 }, { hours: 6 }, { days: 1 }, { days: 7 },
  { months: 1 }, { months: 3 }, { years: 1 }, { years: 5 }, { years: 10 }, { years: 50 }, { years: 100 }, { years: 500 },
];

function moment(seconds) {
  return new Date(seconds * 1000).toISOString().replace(/^\+0*/, "").replace("T", " ").slice(0, 19);
}

// Seconds of the first day of a month; years before 100 are not those of the last century.
function monthStart(year, month) {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 1);
  return date.getTime() / 1000;
}

function floor(seconds, step) {
  const length = (step.minutes ?? 0) * MINUTE + (step.hours ?? 0) * HOUR + (step.days ?? 0) * DAY;
  if (length) return Math.floor(seconds / length) * length;
  const date = new Date(seconds * 1000);
  if (step.months) return monthStart(date.getUTCFullYear(), date.getUTCMonth() - (date.getUTCMonth() % step.months));
  return monthStart(Math.floor(date.getUTCFullYear() / step.years) * step.years, 0);
}

function following(start, step) {
  const length = (step.minutes ?? 0) * MINUTE + (step.hours ?? 0) * HOUR + (step.days ?? 0) * DAY;
  if (length) return start + length;
  const date = new Date(start * 1000);
  return monthStart(date.getUTCFullYear() + (step.years ?? 0), date.getUTCMonth() + (step.months ?? 0));
}

function label(start, step) {
  const text = moment(start);
  if (step.years) return text.slice(0, 4);
  if (step.months) return text.slice(0, 7);
  if (step.days) return text.slice(0, 10);
  return text.slice(0, 16);
}

function bars(from, to) {
  const step = STEPS.find((one) => {
    let count = 0;
    for (let at = floor(from, one); at < to && count <= BARS; at = following(at, one)) count += 1;
    return count <= BARS;
  }) ?? STEPS[STEPS.length - 1];
  let start = floor(from, step);
  let end = following(floor(to - 1, step), step);
  let count = 0;
  for (let at = start; at < end; at = following(at, step)) count += 1;
  for (; count < LEAST; count += 2) {
    start = floor(start - 1, step);
    end = following(end, step);
  }
  const list = [];
  for (let at = start; at < end; at = following(at, step)) {
    list.push({ from: at, to: following(at, step), label: label(at, step), by: {}, count: 0 });
  }
  return { step, list };
}

function drawTimes() {
  const timed = left("period").map((index) => data.findings[index]).filter((finding) => finding.time !== undefined);
  const without = left("period").length - timed.length;
  const range = time.way.at(-1);
  const inside = range ? timed.filter((finding) => finding.time >= range.from && finding.time < range.to) : timed;
  if (!inside.length) {
    time.box.replaceChildren(tools(range, 0), el("p", { class: "none" }, "No finding that is shown has a time in here."));
    return;
  }
  const times = inside.map((finding) => finding.time);
  const first = times.reduce((a, b) => Math.min(a, b));
  const last = times.reduce((a, b) => Math.max(a, b));
  const { step, list } = bars(first, last + 1);
  let at = 0;
  for (const finding of inside.sort((a, b) => a.time - b.time)) {
    while (finding.time >= list[at].to) at += 1;
    list[at].count += 1;
    list[at].by[finding.severity] = (list[at].by[finding.severity] ?? 0) + 1;
  }
  const about = `${moment(first).slice(0, 16)} to ${moment(last).slice(0, 16)}: ${counted(inside.length, "finding")}`
    + (without ? `; ${number(without)} more have no time` : "");
  time.box.replaceChildren(tools(range, inside.length), chart(list, step), el("p", { class: "dim" }, `${about}.`), timesTable(list));
}

function tools(range, count) {
  return el("div", { class: "tools" },
    el("p", { class: "range" }, range ? range.label : "All times"),
    el("div", { class: "switch" },
      range && count ? button(`Show ${counted(count, "finding")}`, () => showFindings({ period: range })) : null,
      range ? button("Zoom out", () => { time.way.pop(); drawTimes(); }) : null,
      time.way.length > 1 ? button("All times", () => { time.way = []; drawTimes(); }) : null));
}

function words(bar) {
  const by = SEVERITIES.filter((name) => bar.by[name]).map((name) => `${number(bar.by[name])} ${name}`);
  return `${bar.label}: ${by.join(", ") || "none"}`;
}

function zoom(bar, step) {
  if (step.minutes === 1) return showFindings({ period: bar });
  time.way.push(bar);
  drawTimes();
  time.box.querySelector("svg g[tabindex='0']")?.focus({ preventScroll: true });
  tell(words(bar));
  return undefined;
}

function chart(list, step) {
  const width = Math.max(280, time.box.clientWidth);
  const [height, foot] = [180, 24];
  const most = list.reduce((most, bar) => Math.max(most, bar.count), 1);
  const wide = width / list.length;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height + foot}`, width, height: height + foot, role: "group", "aria-label": "Findings by time; arrow keys go from bar to bar, Enter zooms in" });
  for (const part of [0.5, 1]) {
    const y = height - part * (height - 16);
    svg.append(draw("line", { class: "grid", x1: 0, x2: width, y1: y, y2: y }));
    if (Number.isInteger(most * part)) svg.append(draw("text", { class: "axis", x: 0, y: y - 4 }, number(most * part)));
  }
  svg.append(draw("line", { class: "ground", x1: 0, x2: width, y1: height, y2: height }));
  const room = Math.max(1, Math.ceil((list[0].label.length * 7 + 16) / wide));
  const full = [];
  list.forEach((bar, index) => {
    const x = index * wide;
    const broad = Math.min(44, Math.max(2, wide - 2));
    const middle = x + wide / 2;
    const half = bar.label.length * 3.5;
    if (index % room === Math.floor(room / 2) && middle > half && middle + half < width) {
      svg.append(draw("text", { class: "axis middle", x: middle, y: height + 17 }, bar.label));
    }
    if (!bar.count) return;
    const group = draw("g", { class: "bar", role: "button", "aria-label": words(bar), on: { click: () => zoom(bar, step) } }, draw("title", {}, words(bar)));
    group.append(draw("rect", { class: "reach", x, y: 0, width: wide, height }));
    let y = height;
    for (const name of SEVERITIES.filter((one) => bar.by[one])) {
      const tall = Math.max(3, (bar.by[name] / most) * (height - 16));
      y -= tall;
      group.append(draw("rect", { class: `fill ${name}`, x: middle - broad / 2, y, width: broad, height: Math.max(2, tall - 0.5) }));
    }
    full.push(group);
    svg.append(group);
  });
  rove(full, { back: () => { if (time.way.pop()) drawTimes(); } });
  return svg;
}

function timesTable(list) {
  const rows = list.filter((bar) => bar.count).map((bar) => el("tr", {},
    el("td", {}, bar.label), ...SEVERITIES.map((name) => el("td", { class: "number" }, bar.by[name] ? number(bar.by[name]) : "—"))));
  const head = ["From", ...SEVERITIES].map((text, index) => el("th", { scope: "col", class: index ? "number" : null }, text));
  return el("details", { class: "words" }, el("summary", {}, "The same as a table"),
    el("div", { class: "scroll", role: "region", "aria-label": "Findings by time", tabindex: "0" }, el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows))));
}

function startTimes() {
  time.box = $("#timeline");
  if (!time.box) return;
  onWidth(time.box, drawTimes);
  watchers.push(drawTimes);
}
