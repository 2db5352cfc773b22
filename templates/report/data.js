// The findings, what is wanted of them, and which of them that leaves.

// What a long report holds is packed.
async function unpacked(element) {
  const text = element.textContent;
  if (element.type === "application/json") return JSON.parse(text);
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const data = await unpacked($("#data"));
const SEVERITIES = ["critical", "high", "medium", "low", "info"];
const CONFIDENCES = ["high", "medium", "low"];
const rank = Object.fromEntries(SEVERITIES.map((name, index) => [name, index]));

// Where each finding is: the directory, and all that it is in.
function isUnder(directory, top) {
  for (let at = directory; at !== undefined && at !== null; at = data.directories[at].parent) {
    if (at === top) return true;
  }
  return false;
}

// What a search looks into, made at the first search.
let texts = null;
function haystacks() {
  texts ??= data.findings.map((finding) => {
    const rule = data.rules[finding.rule];
    const facts = finding.facts.flatMap(([name, value]) => [name, value]);
    const parts = [rule.title, rule.id, rule.heading, finding.place, finding.subject, finding.package];
    return [...parts, ...facts, ...(finding.more ?? []), ...(finding.secrets ?? [])].join("\n").toLowerCase();
  });
  return texts;
}

const nothing = () => ({
  text: "",
  severities: new Set(),
  category: "",
  confidence: "",
  directory: null,
  period: null,
  node: null,
});
const wanted = { ...nothing(), sort: "severity", grouped: true };
const watchers = [];

function want(change) {
  Object.assign(wanted, change);
  for (const watch of watchers) watch();
}

function isOfNode(finding, index) {
  const node = data.graph.nodes[index];
  if (node.column === 1) return finding.who === index;
  if (node.column === 2) return node.rules.includes(finding.rule);
  // What is of no node is not in the graph.
  return node.column === 0 ? finding.who !== 0 : (finding.opens ?? []).includes(index);
}

// The numbers of the findings that are left; `but` names what shall not be asked for.
function left(but = "") {
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  const hay = words.length ? haystacks() : null;
  const { severities, category, confidence, directory, node } = wanted;
  const period = but === "period" ? null : wanted.period;
  const numbers = [];
  data.findings.forEach((finding, index) => {
    if (severities.size && !severities.has(finding.severity)) return;
    if (category && data.rules[finding.rule].category !== category) return;
    if (confidence && finding.confidence !== confidence) return;
    if (directory !== null && !isUnder(finding.directory, directory)) return;
    if (period && !(finding.time >= period.from && finding.time < period.to)) return;
    if (node !== null && !isOfNode(finding, node)) return;
    if (hay && !words.every((word) => hay[index].includes(word))) return;
    numbers.push(index);
  });
  return numbers;
}

// The order of the report is worst first; it also decides between equals.
const ORDERS = {
  severity: () => 0,
  path: (a, b) => compare(a.place, b.place),
  rule: (a, b) => compare(data.rules[a.rule].title, data.rules[b.rule].title),
  newest: (a, b) => (b.time ?? -Infinity) - (a.time ?? -Infinity) || 0,
  oldest: (a, b) => (a.time ?? Infinity) - (b.time ?? Infinity) || 0,
  confidence: (a, b) => CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence),
};
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

function ordered(numbers) {
  const order = ORDERS[wanted.sort];
  return numbers.sort((a, b) => order(data.findings[a], data.findings[b]) || a - b);
}
