// Graphs in columns. Links are as broad as what they stand for is many. A graph is { titles, nodes, edges }: a node has a
// column, a kind, a label, a severity and a count; an edge goes from a node to one of a later column.

const KINDS = { account: "account", service: "service", package: "package", place: "place", login: "log in as", remote: "elsewhere" };
const ROW = 34;
const HEAD = 28;

// Nodes stay near what they are linked to: each column in the order of the middle of its links to the one before.
function layers({ titles, nodes, edges }) {
  const columns = titles.map((_, column) => nodes.map((node, index) => ({ node, index })).filter(({ node }) => node.column === column));
  const place = new Map();
  const into = new Map();
  for (const edge of edges) into.set(edge.to, [...(into.get(edge.to) ?? []), edge.from]);
  columns.forEach((column, depth) => {
    const middle = ({ index }) => {
      const before = (into.get(index) ?? []).filter((from) => place.has(from)).map((from) => place.get(from));
      return before.length ? before.reduce((sum, at) => sum + at, 0) / before.length : Infinity;
    };
    if (depth > 1) {
      const middles = new Map(column.map((entry) => [entry.index, middle(entry)]));
      column.sort((a, b) => (a.node.kind === "rest") - (b.node.kind === "rest") || middles.get(a.index) - middles.get(b.index) || a.index - b.index);
    }
    column.forEach((entry, at) => place.set(entry.index, at - column.length / 2));
  });
  return columns.filter((column) => column.length);
}

// All that leads to a node, and all that it leads to.
function reach(graph, index) {
  const nodes = new Set([index]);
  const edges = new Set();
  for (const [from, to] of [["from", "to"], ["to", "from"]]) {
    const todo = [index];
    while (todo.length) {
      const at = todo.pop();
      graph.edges.forEach((edge, number_) => {
        if (edge[from] !== at || edges.has(number_)) return;
        edges.add(number_);
        nodes.add(edge[to]);
        todo.push(edge[to]);
      });
    }
  }
  return { nodes, edges };
}

function box(graph, entry, x, y, width) {
  const { node, index } = entry;
  const kind = KINDS[node.kind];
  const full = `${kind ? `${kind} ` : ""}${node.label}: ${counted(node.count, graph.noun)}${node.severity ? `, worst ${node.severity}` : ""}`;
  const count = number(node.count);
  // A place needs no word that it is one, nor a rule; of the image the last part of its path is its name.
  const word = kind && !["place", "remote"].includes(node.kind) ? `${kind} ` : "";
  const fits = Math.max(4, Math.floor((width - 34 - count.length * 8) / 7.3) - word.length);
  const name = { image: node.label.split("/").pop(), login: node.label.replace(/ of this image$/, "") }[node.kind] ?? node.label;
  const text = (node.kind === "rule" ? cut : shortened)(name, fits);
  const fill_ = node.severity || "none";
  return draw("g", { class: `node ${fill_}`, role: "button", "aria-label": `${full}; ${graph.shows}`, "data-node": index,
    on: { click: () => graph.pick(index, node) } },
    draw("title", {}, full),
    draw("rect", { class: "card", x, y, width, height: ROW - 8, rx: 4 }),
    draw("rect", { class: `fill ${fill_}`, x, y, width: 4, height: ROW - 8, rx: 2 }),
    draw("text", { x: x + 13, y: y + 17.5, "aria-hidden": "true" }, draw("tspan", { class: "kind" }, word), text),
    draw("text", { class: "small end", x: x + width - 9, y: y + 17.5, "aria-hidden": "true" }, count));
}

function drawGraph(into, graph) {
  const columns = layers(graph);
  const width = Math.max(columns.length * 215, into.clientWidth);
  const first = graph.first ?? (width - (columns.length - 1) * Math.min(90, Math.max(36, width * 0.06))) / columns.length;
  const between = Math.min(90, Math.max(36, width * 0.06));
  const wide = (width - first - between * (columns.length - 1)) / Math.max(1, columns.length - 1);
  const tallest = columns.reduce((most, column) => Math.max(most, column.length), 1);
  const height = HEAD + tallest * ROW;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": `${graph.name}; arrow keys go from one to the next, Enter ${graph.shows}` });
  const places = new Map();
  columns.forEach((column, depth) => {
    const x = depth === 0 ? 0 : first + between + (depth - 1) * (wide + between);
    const own = depth === 0 ? first : wide;
    svg.append(draw("text", { class: "axis", x, y: 13 }, graph.titles[column[0].node.column]));
    const top = HEAD + (depth === 0 ? Math.min(((tallest - column.length) * ROW) / 2, 6 * ROW) : 0);
    column.forEach((entry, at) => places.set(entry.index, { entry, x, y: top + at * ROW, width: own }));
  });
  const links = graph.edges.map((edge) => {
    const [from, to] = [places.get(edge.from), places.get(edge.to)];
    const [x1, y1, x2, y2] = [from.x + from.width, from.y + (ROW - 8) / 2, to.x, to.y + (ROW - 8) / 2];
    const bend = (x2 - x1) / 2;
    return draw("path", { class: `link ${edge.severity || "none"}`, d: `M${x1},${y1}C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`, "stroke-width": Math.min(9, 1.2 + Math.log2(edge.count)) });
  });
  const cards = [...places.values()].map(({ entry, x, y, width: own }) => box(graph, entry, x, y, own));
  svg.append(draw("g", { "aria-hidden": "true" }, links), ...cards);
  const light = (index) => {
    const lit = index === null ? null : reach(graph, index);
    svg.classList.toggle("lit", lit !== null);
    links.forEach((link, at) => link.classList.toggle("on", Boolean(lit?.edges.has(at))));
    cards.forEach((card) => card.classList.toggle("on", Boolean(lit?.nodes.has(Number(card.dataset.node)))));
  };
  for (const card of cards) {
    for (const event of ["mouseenter", "focus"]) card.addEventListener(event, () => light(Number(card.dataset.node)));
    for (const event of ["mouseleave", "blur"]) card.addEventListener(event, () => light(null));
  }
  rove(cards);
  into.replaceChildren(el("div", { class: "wide", role: "region", "aria-label": `${graph.name}, drawn`, tabindex: width > into.clientWidth + 1 ? "0" : null }, svg));
}

// The findings of an image: the image, whose, what was found, what that opens.
function startGraph() {
  const into = $("#graph");
  if (!into) return;
  const graph = { ...data.graph, name: "Connections", noun: "finding", shows: "shows its findings", titles: ["Image", "Whose", "What was found", "What it opens"], first: 150, pick: (index) => showFindings({ node: index }) };
  onWidth(into, () => drawGraph(into, graph));
}
