// What of the findings is wanted: search, severity, category, confidence, order, groups.

const ORDER_NAMES = {
  severity: "Worst first", path: "By path", rule: "By title", newest: "Newest file first",
  oldest: "Oldest file first", confidence: "Surest first",
};

function choice(label, name, options) {
  const select = el("select", { on: { change: () => want({ [name]: select.value }) } },
    options.map(([value, text]) => el("option", { value }, text)));
  watchers.push(() => { select.value = wanted[name]; });
  return el("label", {}, el("span", {}, label), select);
}

function search() {
  let waiting = 0;
  const input = el("input", {
    type: "search", id: "search", placeholder: "Search path, rule, account, fact …", autocomplete: "off", spellcheck: "false",
    "aria-label": "Search in the findings", "aria-keyshortcuts": "/",
    on: { input: () => { clearTimeout(waiting); waiting = setTimeout(() => want({ text: input.value }), 80); } },
  });
  watchers.push(() => { if (input.value !== wanted.text && document.activeElement !== input) input.value = wanted.text; });
  addEventListener("keydown", (event) => {
    const typing = /^(input|select|textarea)$/i.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      input.focus();
    }
  });
  return input;
}

// The numbers by severity become what chooses a severity.
function severities() {
  for (const item of document.querySelectorAll(".counts li")) {
    const { severity } = item.dataset;
    const press = button("", () => {
      const chosen = new Set(wanted.severities);
      if (!chosen.delete(severity)) chosen.add(severity);
      want({ severities: chosen });
    }, { "aria-pressed": "false", title: `Show ${severity} findings` });
    press.append(...item.childNodes);
    item.append(press);
    press.disabled = item.classList.contains("zero");
    watchers.push(() => press.setAttribute("aria-pressed", String(wanted.severities.has(severity))));
  }
}

// What is asked for elsewhere on the page, each with a button that takes it back.
function chips() {
  const box = el("div", { class: "chips" });
  const chip = (text, change) => button(`${text} ✕`, () => want(change), { "aria-label": `No longer only: ${text}` });
  const refresh = () => {
    const { directory, period, node } = wanted;
    box.replaceChildren(...[
      ...SEVERITIES.filter((name) => wanted.severities.has(name)).map((name) =>
        chip(name, { severities: new Set([...wanted.severities].filter((other) => other !== name)) })),
      directory === null ? null : chip(`in ${shortened(pathOf(directory), 50)}`, { directory: null }),
      period && chip(`${period.label}`, { period: null }),
      node === null ? null : chip(shortened(data.graph.nodes[node].label, 50), { node: null }),
    ].filter(Boolean));
  };
  watchers.push(refresh);
  return box;
}

function startFilters() {
  const categories = new Map(data.rules.map((rule) => [rule.category, rule.heading]));
  const groups = el("input", { type: "checkbox", checked: true, on: { change: () => want({ grouped: groups.checked }) } });
  const count = el("p", { class: "count", id: "count", role: "status" });
  const clear = button("Clear", () => { $("#search").value = ""; want(nothing()); $("#search").focus(); }, { class: "clear", hidden: true });
  watchers.push(() => {
    const shown = left().length;
    const all = data.findings.length;
    count.textContent = shown === all ? counted(all, "finding") : `${number(shown)} of ${counted(all, "finding")}`;
    clear.hidden = shown === all;
  });
  const box = $("#filters");
  box.append(
    el("div", { class: "first" }, search(), clear),
    el("div", { class: "second" },
      choice("Category", "category", [["", "All"], ...categories]),
      choice("Confidence", "confidence", [["", "All"], ...CONFIDENCES.map((name) => [name, name])]),
      choice("Order", "sort", Object.entries(ORDER_NAMES)),
      el("label", { class: "check" }, groups, el("span", {}, "By rule"))),
    el("div", { class: "third" }, count, chips()));
  box.hidden = data.findings.length === 0;
  severities();
}

// Shows the findings that another part of the page is about.
function showFindings(change) {
  want({ ...nothing(), ...change });
  const section = $("#findings");
  section.scrollIntoView({ block: "start" });
  section.focus({ preventScroll: true });
}
