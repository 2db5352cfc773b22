// The map: directories as areas, in the colour of the worst finding under them.

// Of what is around it, the part that a directory with findings has at least: it shall be seen.
const SEEN = 0.012;
const map = { at: null, by: "bytes", children: [], tops: [], counts: [], worst: [], box: null };

function nameOf(index) {
  return data.directories[index].name;
}

function pathOf(index) {
  const names = [];
  let top = index;
  for (; data.directories[top].parent !== null; top = data.directories[top].parent) names.unshift(nameOf(top));
  const base = nameOf(top).replace(/ \([^()]*\)$/, "").replace(/\/$/, "");
  return names.length ? `${base}/${names.join("/")}` : nameOf(top);
}

function measure() {
  const all = data.directories;
  map.children = all.map(() => []);
  map.counts = all.map(() => 0);
  map.worst = all.map(() => null);
  all.forEach(({ parent }, index) => (parent === null ? map.tops : map.children[parent]).push(index));
  for (const finding of data.findings) {
    for (let at = finding.directory ?? null; at !== null; at = all[at].parent) {
      map.counts[at] += 1;
      if (map.worst[at] === null || rank[finding.severity] < rank[map.worst[at]]) map.worst[at] = finding.severity;
    }
  }
}

// What is in a directory: the listed ones, largest first, and the rest as one.
function parts(index) {
  const inside = index === null ? map.tops : map.children[index];
  const area = (at) => (map.by === "bytes" ? data.directories[at].bytes : map.counts[at]);
  const least = map.by === "bytes" ? SEEN * inside.reduce((sum, at) => sum + data.directories[at].bytes, 0) : 0;
  const list = inside.map((at) => ({ at, name: nameOf(at), area: Math.max(area(at), map.counts[at] ? Math.max(least, 1) : 0), count: map.counts[at], worst: map.worst[at], bytes: data.directories[at].bytes, files: data.directories[at].files }));
  if (index !== null) {
    const rest = (of, all) => Math.max(0, all - list.reduce((sum, part) => sum + part[of], 0));
    const { bytes: size, files } = data.directories[index];
    const folded = inside.reduce((all, at) => all - data.directories[at].folded, data.directories[index].folded);
    const own = { at: null, bytes: rest("bytes", size), files: rest("files", files), count: rest("count", map.counts[index]), worst: null };
    if (own.count) own.worst = ownWorst(index);
    own.area = map.by === "bytes" ? own.bytes : own.count;
    own.name = folded ? `files, and ${counted(folded, "small directory").replace("directorys", "directories")}` : "files";
    if (own.files || own.count) list.push(own);
  }
  return list.filter((part) => part.area > 0).sort((a, b) => b.area - a.area || b.bytes - a.bytes || compare(a.name, b.name));
}

function ownWorst(index) {
  const own = data.findings.filter((finding) => finding.directory === index).map((finding) => rank[finding.severity]);
  return own.length ? SEVERITIES[Math.min(...own)] : null;
}

// Squarified: rows along the shorter side, each as long as its areas stay as square as they can be.
function squares(list, x, y, width, height) {
  const total = list.reduce((sum, part) => sum + part.area, 0);
  const scale = total > 0 ? (width * height) / total : 0;
  const placed = [];
  let rest = list.map((part) => ({ part, size: part.area * scale }));
  while (rest.length) {
    const side = Math.max(Math.min(width, height), 1e-6);
    let taken = 1;
    let sum = rest[0].size;
    const ratio = (first, last, all) => Math.max((side * side * first) / (all * all), (all * all) / (side * side * last));
    while (taken < rest.length) {
      const next = rest[taken].size;
      if (ratio(rest[0].size, next, sum + next) > ratio(rest[0].size, rest[taken - 1].size, sum)) break;
      sum += next;
      taken += 1;
    }
    const thick = sum / side;
    let along = 0;
    for (const { part, size } of rest.slice(0, taken)) {
      const long = thick > 0 ? size / thick : 0;
      placed.push(width >= height
        ? { part, x, y: y + along, width: thick, height: long }
        : { part, x: x + along, y, width: long, height: thick });
      along += long;
    }
    if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
    rest = rest.slice(taken);
  }
  return placed;
}

function about(part) {
  const found = part.count ? `${counted(part.count, "finding")}, worst ${part.worst}` : "no findings";
  return `${part.name}: ${bytes(part.bytes)}, ${counted(part.files, "file")}, ${found}`;
}

const canOpen = (part) => part.at !== null && map.children[part.at].length > 0;

// Area and label of a directory, and within a large one those of what is in it.
function cell(place, deep) {
  const { part, x, y, width, height } = place;
  const group = draw("g", { class: `cell ${part.worst ?? "clean"}${deep ? "" : " inner"}` });
  const gap = deep ? 1 : 0.5;
  group.append(draw("rect", { x: x + gap, y: y + gap, width: Math.max(0, width - 2 * gap), height: Math.max(0, height - 2 * gap), rx: deep ? 3 : 2 }));
  const fits = Math.floor((width - 14) / 7);
  if (fits >= 4 && height >= 20) {
    group.append(draw("text", { x: x + 8, y: y + 17, "aria-hidden": "true" }, cut(part.name, fits)));
    const small = part.count ? `${number(part.count)} · worst ${part.worst}` : bytes(part.bytes);
    if (!deep && height >= 36 && fits >= small.length) group.append(draw("text", { x: x + 8, y: y + 31, class: "small", "aria-hidden": "true" }, small));
    if (deep && fits >= part.name.length + small.length + 3) {
      group.append(draw("text", { x: x + width - 9, y: y + 17, class: "small end", "aria-hidden": "true" }, small));
    }
  }
  if (deep && canOpen(part) && width > 60 && height > 60) {
    for (const inner of squares(parts(part.at), x + 5, y + 25, width - 10, height - 30)) {
      if (inner.width > 3 && inner.height > 3) group.append(cell(inner, false));
    }
  }
  return group;
}

function openCell(part) {
  if (canOpen(part)) enter(part.at);
  else if (part.count) showFindings({ directory: part.at ?? map.at });
}

function picture(width) {
  const height = Math.round(Math.min(480, Math.max(300, width * 0.48)));
  const list = parts(map.at);
  const cells = squares(list, 0, 0, width, height).filter((place) => place.width > 1 && place.height > 1).map((place) => {
    const drawn = cell(place, true);
    const { part } = place;
    const opens = canOpen(part) ? "opens it" : part.count ? "shows its findings" : "";
    fill(drawn, { role: opens ? "button" : "img", "aria-label": about(part) + (opens ? `; ${opens}` : ""), on: { click: () => openCell(part) } }, []);
    drawn.prepend(draw("title", {}, about(part)));
    if (!opens) drawn.classList.add("still");
    return drawn;
  });
  rove(cells, { back: () => map.at !== null && enter(data.directories[map.at].parent) });
  if (!cells.length) return el("p", { class: "none" }, map.by === "bytes" ? "There are no files here." : "There are no findings here.");
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": "Directories by size; arrow keys go from one to the next" }, cells);
}

function crumbs() {
  const way = [];
  for (let at = map.at; at !== null; at = data.directories[at].parent) way.unshift(at);
  const start = map.tops.length > 1 ? [null, ...way] : way;
  const name = (at) => (at === null ? "image" : nameOf(at));
  return el("nav", { class: "crumbs", "aria-label": "Way to this directory" }, el("ol", {}, start.map((at) =>
    el("li", {}, at === map.at
      ? el("span", { "aria-current": "location", class: "path" }, name(at))
      : button(name(at), () => enter(at))))));
}

function table() {
  const rows = parts(map.at).map((part) => el("tr", {},
    el("td", { class: "path" }, canOpen(part) ? button(part.name, () => enter(part.at), { class: "plain" }) : part.name),
    el("td", { class: "number" }, bytes(part.bytes)),
    el("td", { class: "number" }, number(part.files)),
    el("td", { class: "number" }, part.count && part.at !== null
      ? button(number(part.count), () => showFindings({ directory: part.at }), { class: "plain", "aria-label": `Show ${counted(part.count, "finding")} in ${part.name}` })
      : number(part.count)),
    el("td", {}, part.worst ? tag(part.worst) : "—")));
  const head = ["Directory", "Size", "Files", "Findings", "Worst"].map((text, index) =>
    el("th", { scope: "col", class: index > 0 && index < 4 ? "number" : null }, text));
  return el("details", { class: "words", open: map.isTableOpen, on: { toggle: (event) => { map.isTableOpen = event.target.open; } } },
    el("summary", {}, "The same as a table"),
    el("div", { class: "scroll", role: "region", "aria-label": "Directories", tabindex: "0" }, el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows))));
}

function enter(directory) {
  map.at = directory;
  drawMap();
  map.box.querySelector("svg g[tabindex='0']")?.focus({ preventScroll: true });
  tell(directory === null ? "The image" : pathOf(directory));
}

function drawMap() {
  const by = (name, text) => button(text, () => { map.by = name; drawMap(); }, { "aria-pressed": String(map.by === name) });
  const here = map.at === null ? data.findings.length : map.counts[map.at];
  const legend = el("ul", { class: "colours", "aria-label": "Colours" }, [...SEVERITIES, "clean"].map((name) =>
    el("li", {}, draw("svg", { class: "dot", viewBox: "0 0 10 10", "aria-hidden": "true" }, draw("g", { class: `cell ${name}` }, draw("rect", { width: 10, height: 10, rx: 2 }))), name === "clean" ? "nothing found" : name)));
  map.box.replaceChildren(
    el("div", { class: "tools" }, crumbs(),
      el("div", { class: "switch", role: "group", "aria-label": "Area by" }, el("span", { class: "dim" }, "Area by"), by("bytes", "size"), by("findings", "findings"))),
    picture(Math.max(280, map.box.clientWidth)),
    el("div", { class: "tools" }, legend,
      here && map.at !== null ? button(`Show ${counted(here, "finding")} in here`, () => showFindings({ directory: map.at })) : null),
    table());
}

function startMap() {
  map.box = $("#treemap");
  if (!map.box) return;
  measure();
  // Where nearly all is in one file system, that is what is looked at first.
  const all = map.tops.reduce((sum, at) => sum + data.directories[at].bytes, 0);
  map.at = map.tops.find((at) => map.tops.length === 1 || data.directories[at].bytes > all * 0.9) ?? null;
  onWidth(map.box, drawMap);
}
