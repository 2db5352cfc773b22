// The images of an account: whose they are, what runs from them, and how far that reaches. The table is packed; it is
// unpacked once, and rows are made on demand.

const MOST = 40;
const PAGE = 100;
const RANKS = ["", "info", "low", "medium", "high", "critical"];

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

// Ids: most are a 0 and eight bytes, and stand together; others are told by their place.
function ids({ bytes, others }) {
  const text = atob(bytes);
  return Array.from({ length: text.length / 8 }, (_, at) => {
    let id = "0";
    for (let byte = at * 8; byte < at * 8 + 8; byte += 1) id += HEX[text.charCodeAt(byte)];
    return others[at] ?? id;
  });
}

// Lines that are searched as one text.
function lines(all) {
  const text = all.join("\n").toLowerCase();
  const ends = new Uint32Array(all.length);
  for (let at = 0, line = 0; line < ends.length; line += 1, at += 1) {
    at = text.indexOf("\n", at);
    if (at < 0) at = text.length;
    ends[line] = at;
  }
  // The numbers of the lines that hold all words.
  const holding = (words) => {
    const counts = new Uint8Array(ends.length);
    words.forEach((word, nth) => {
      let line = 0;
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, ends[line])) {
        while (ends[line] < at) line += 1;
        if (counts[line] === nth) counts[line] += 1;
      }
    });
    const found = [];
    counts.forEach((count, line) => { if (count === words.length) found.push(line); });
    return found;
  };
  return { holding };
}

function tables({ words, classes, flags, images, instances }) {
  const all = ids(images.ids).map((id, at) => ({
    at, id: `ami-${id}`, name: images.names[at], whose: classes[images.classes[at]], owner: words[images.owners[at]],
    publisher: words[images.publishers[at]], rank: images.severities[at], pointers: images.pointers[at],
    flags: flags.filter((_, bit) => images.flags[at] & (1 << bit)), instances: [], running: 0,
  }));
  const running = ids(instances.ids).map((id, at) => {
    const bits = instances.bits[at];
    const of = instances.images[at];
    const row = {
      id: `i-${id}`, image: of === null ? null : all[of], account: words[instances.accounts[at]], region: words[instances.regions[at]],
      name: words[instances.names[at]], environment: words[instances.environments[at]], startedBy: words[instances.starters[at]],
      role: words[instances.roles[at]], runs: bits & 1, addressed: bits & 2, open: bits & 4, admin: bits & 8, v1: bits & 16,
    };
    if (row.image) {
      row.image.instances.push(row);
      row.image.running += row.runs;
    }
    return row;
  });
  return { images: all, instances: running };
}

// What an instance is shown as in each column.
const whose = (row) => row.image ? `${row.image.publisher || row.image.owner || "?"} · ${row.image.whose}` : "unknown";
const group = (row) => [row.account, row.region, row.environment, row.startedBy].filter(Boolean).join(" · ");
function exposure(row) {
  const parts = [row.addressed ? (row.open ? "public address, open group" : "public address") : "", row.admin ? "role may do everything" : "", row.v1 ? "IMDSv1" : ""];
  return parts.filter(Boolean).join(", ") || "not exposed";
}

// Relations between the columns: each node with how many instances it stands for; what is too much is one node.
function relations(rows) {
  const of = [whose, (row) => row.image ? row.image.name || row.image.id : "unknown image", group, (row) => row.role || "no role", exposure];
  const columns = of.map((label) => {
    const entries = new Map();
    const labels = rows.map(label);
    rows.forEach((row, at) => {
      const name = labels[at];
      const entry = entries.get(name) ?? { label: name, count: 0, rank: 0, row };
      entry.count += 1;
      entry.rank = Math.max(entry.rank, row.image?.rank ?? 0);
      entries.set(name, entry);
    });
    const sorted = [...entries.values()].sort((a, b) => b.rank - a.rank || b.count - a.count || compare(a.label, b.label));
    return { labels, kept: new Map(sorted.slice(0, sorted.length > MOST ? MOST - 1 : MOST).map((entry) => [entry.label, entry])), rest: Math.max(0, sorted.length > MOST ? sorted.length - MOST + 1 : 0) };
  });
  const nodes = [];
  const places = columns.map(({ kept, rest }, column) => {
    const place = new Map();
    for (const entry of kept.values()) {
      place.set(entry.label, nodes.length);
      nodes.push({ column, kind: column === 1 ? "of-account" : "group", label: entry.label, severity: RANKS[entry.rank], count: entry.count, row: entry.row });
    }
    if (rest) {
      place.set(null, nodes.length);
      nodes.push({ column, kind: "rest", label: `and ${number(rest)} more`, severity: "", count: 0 });
    }
    return place;
  });
  const edges = new Map();
  rows.forEach((row, number) => {
    const at = columns.map(({ labels }, column) => places[column].get(labels[number]) ?? places[column].get(null));
    for (let column = 0; column + 1 < at.length; column += 1) {
      const key = at[column] * nodes.length + at[column + 1];
      const edge = edges.get(key) ?? { from: at[column], to: at[column + 1], count: 0, rank: 0 };
      edge.count += 1;
      edge.rank = Math.max(edge.rank, row.image?.rank ?? 0);
      edges.set(key, edge);
    }
    at.forEach((index) => { if (nodes[index].kind === "rest") nodes[index].count += 1; });
  });
  return { nodes, edges: [...edges.values()].map((edge) => ({ ...edge, severity: RANKS[edge.rank] })) };
}

async function startSourcing() {
  const packed = $("#estate");
  if (!packed) return;
  const { images, instances } = tables(await unpacked(packed));
  const [graphBox, list, field, heading] = [$("#relations"), $("#images"), $("#image-search"), $("#relations-of")];
  let chosen = null;
  let drawn = null;
  const show = () => {
    const rows = chosen ? chosen.instances : instances;
    const graph = relations(rows);
    heading.replaceChildren(chosen ? `What ${chosen.name || chosen.id} reaches: ` : "From publishers to exposure; choose an image to see how far it reaches.", chosen ? button("show all images", () => choose(null)) : "");
    drawn = { ...graph, name: "What images reach", noun: "instance", shows: "shows that image", titles: ["Whose", "Image", "What runs it", "Role", "Exposure"], pick: (_, node) => { if (node.row?.image && node.column === 1) choose(node.row.image); } };
    drawGraph(graphBox, drawn);
  };
  const choose = (image) => {
    chosen = image;
    show();
    if (image) heading.scrollIntoView({ block: "nearest" });
  };
  const ofImage = (image) => [image.id, image.name, image.whose, image.owner, image.publisher, image.flags.join(" "), RANKS[image.rank]].join("\t");
  const ofInstance = (row) => [row.id, row.name, row.account, row.region, row.environment, row.startedBy, row.role].join("\t");
  let hay = null;
  const haystack = () => { hay ??= { images: lines(images.map(ofImage)), instances: lines(instances.map(ofInstance)) }; return hay; };
  const matching = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return images;
    const found = new Uint8Array(images.length);
    for (const at of haystack().images.holding(words)) found[at] = 1;
    for (const at of haystack().instances.holding(words)) if (instances[at].image) found[instances[at].image.at] = 1;
    return images.filter((image) => found[image.at]);
  };
  let upTo = PAGE;
  const line = (image) => el("tr", {},
    el("td", {}, RANKS[image.rank] ? tag(RANKS[image.rank]) : ""),
    el("td", { class: "path" }, button(image.id, () => choose(image), { class: "plain" })),
    el("td", { class: "path" }, image.name),
    el("td", {}, image.whose),
    el("td", { class: "path" }, image.publisher || image.owner || "?"),
    el("td", { class: "number" }, `${number(image.running)} of ${number(image.instances.length)}`),
    el("td", {}, image.flags.join(", ")));
  const fillList = () => {
    const found = matching();
    list.tBodies[0].replaceChildren(...found.slice(0, upTo).map(line));
    const more = $("#more-images");
    more.replaceChildren(counted(found.length, "image"), found.length > upTo ? button(`show ${number(Math.min(PAGE, found.length - upTo))} more`, () => { upTo += PAGE; fillList(); }) : "");
  };
  field.addEventListener("input", () => { upTo = PAGE; fillList(); });
  field.closest("label").hidden = false;
  fillList();
  show();
  // Before somebody searches.
  setTimeout(haystack, 0);
  onWidth(graphBox, () => { if (drawn) drawGraph(graphBox, drawn); });
  document.documentElement.dataset.sourcing = "true";
}
