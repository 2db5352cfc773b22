// The list of findings: made piece by piece as it is scrolled to, so that thousands of them are no burden.

const PIECE = 60;
const list = { items: [], from: 0, to: 0, closed: new Set(), box: null, group: null };

// Groups and findings one after the other.
function arranged() {
  const numbers = ordered(left());
  if (!wanted.grouped) return numbers.map((index) => ({ index }));
  const groups = new Map();
  for (const index of numbers) {
    const { rule } = data.findings[index];
    if (groups.has(rule)) groups.get(rule).push(index);
    else groups.set(rule, [index]);
  }
  const items = [];
  for (const [rule, members] of groups) {
    items.push({ rule, members });
    if (!list.closed.has(rule)) items.push(...members.map((index) => ({ index })));
  }
  return items;
}

function heading({ rule, members }) {
  const { title, id, heading: category, why } = data.rules[rule];
  const worst = members.reduce((a, b) => (rank[data.findings[b].severity] < rank[data.findings[a].severity] ? b : a));
  const isOpen = !list.closed.has(rule);
  const toggle = button(isOpen ? "Hide" : "Show", () => {
    if (isOpen) list.closed.add(rule);
    else list.closed.delete(rule);
    show(list.from);
    $(`#rule-${rule} button`)?.focus();
  }, { class: "fold", "aria-expanded": String(isOpen), "aria-label": `${isOpen ? "Hide" : "Show"} findings: ${title}` });
  // Where all are as bad, the heading says how bad.
  const mixed = members.some((index) => data.findings[index].severity !== data.findings[worst].severity);
  return el("section", { class: mixed ? "group mixed" : "group", id: `rule-${rule}` },
    el("header", {}, tag(data.findings[worst].severity),
      el("div", {}, el("h3", {}, title),
        el("p", { class: "meta" }, el("code", {}, id), ` · ${category} · ${counted(members.length, "finding")}`),
        why ? el("p", { class: "why" }, why) : null),
      members.length > 1 ? toggle : null));
}

function append() {
  const end = Math.min(list.to + PIECE, list.items.length);
  for (; list.to < end; list.to += 1) {
    const item = list.items[list.to];
    if (item.members) {
      list.group = heading(item);
      list.box.append(list.group);
    } else {
      (list.group ?? list.box).append(line(data.findings[item.index], wanted.grouped));
    }
  }
  const rest = list.items.length - list.to;
  $("#more").hidden = rest === 0;
  $("#more button").textContent = `Show more of ${number(rest)}`;
}

// Shows the list anew, from one of its items on.
function show(from = 0) {
  list.items = arranged();
  list.from = Math.min(from, Math.max(0, list.items.length - 1));
  list.to = list.from;
  list.box = el("div", { class: wanted.grouped ? "grouped" : "flat" });
  list.group = null;
  if (list.from > 0) list.box.append(button("Show from the first finding", () => show(0), { class: "more" }));
  // The rule of findings in the middle of a group.
  if (wanted.grouped && list.items.length && !list.items[list.from].members) {
    const start = list.items.slice(0, list.from).findLast((item) => item.members);
    list.group = heading(start);
    list.box.append(list.group);
  }
  if (!list.items.length && data.findings.length) list.box.append(el("p", { class: "none" }, "No finding is like that."));
  $("#list").replaceChildren(list.box);
  append();
}

function fillToTheEnd() {
  while (list.to < list.items.length) append();
}

// Goes to the finding that a link names, whatever is shown now.
function goTo(id) {
  const index = data.findings.findIndex((finding) => finding.id === id);
  if (index < 0) return;
  if (!document.getElementById(id)) {
    if (!left().includes(index)) want(nothing());
    list.closed.delete(data.findings[index].rule);
    list.items = arranged();
    const at = list.items.findIndex((item) => item.index === index);
    show(at < PIECE ? 0 : at);
  }
  const target = document.getElementById(id);
  target.open = true;
  unfold(target, data.findings[index], wanted.grouped);
  target.scrollIntoView({ block: "start" });
  target.querySelector("summary").focus({ preventScroll: true });
}

function startList() {
  const more = el("div", { id: "more", hidden: true }, button("", append, { class: "more" }));
  $("#list").after(more);
  new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting)) append();
  }, { rootMargin: "600px" }).observe(more);
  show();
  watchers.push(() => show());
  addEventListener("hashchange", () => goTo(decodeURIComponent(location.hash.slice(1))));
  if (location.hash.startsWith("#f-")) goTo(decodeURIComponent(location.hash.slice(1)));
}
