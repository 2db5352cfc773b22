// One finding: a line, and what is under it once it is opened.

const row = (name, ...values) => el("div", {}, el("dt", {}, name), el("dd", { class: "path" }, ...values));

function details(finding, withWhy) {
  const rule = data.rules[finding.rule];
  const secrets = document.querySelector("p.secrets") ? "secret" : "secret, redacted";
  const rows = [
    finding.subject && row("concerns", finding.subject),
    ...(finding.secrets ?? []).map((secret) => row(secrets, secret)),
    finding.package && row("package", finding.package),
    ...finding.facts.map(([name, value]) => row(name, value)),
    finding.time !== undefined && row("file changed", `${moment(finding.time)} UTC`),
    finding.more && row(`also in ${counted(finding.more.length, "place")}`, places(finding.more)),
  ];
  const look = finding.file && !data.image.includes("\\")
    ? command(`assay cat ${quoted(data.image)} ${quoted(finding.file)}`) : null;
  return el("div", { class: "body" },
    withWhy && rule.why ? el("p", { class: "why" }, rule.why) : null,
    el("dl", {}, ...rows.filter(Boolean)),
    el("div", { class: "advice" },
      el("h4", {}, "What to do"),
      rule.remedy ? el("p", { class: "remedy" }, rule.remedy) : null,
      ...advice(finding.advice)),
    look ? el("div", { class: "look" }, el("h4", {}, "Look at it"), look) : null,
    references(rule),
    el("p", { class: "link" }, el("a", { href: `#${finding.id}` }, "Link to this finding"),
      " ", el("code", {}, `${rule.id} · ${finding.id}`)));
}

// The commands for this file on this system, what to know of them, and where the finding likely came from.
function advice({ commands = [], more = 0, automatic, notes = [], origins = [] }) {
  const texts = (numbers) => numbers.map((index) => data.texts[index]);
  const who = automatic ? "A script of assay fix does this by itself." : "A person must decide: a script of assay fix leaves it commented out.";
  return [
    ...texts(commands).map((text) => command(text)),
    more ? el("p", { class: "note" }, `And at ${counted(more, "more place")}: assay fix writes the commands of all.`) : null,
    ...texts(notes).map((text) => el("p", { class: "note" }, `Note: ${text}`)),
    commands.length ? el("p", { class: "note" }, who) : null,
    origins.length ? el("p", { class: "note" }, `Likely from: ${texts(origins).join("; ")}`) : null,
  ];
}

// The first of many places, and the rest when they are asked for.
function places(all, shown = 20) {
  const list = el("ul", { class: "places" }, all.slice(0, shown).map((place) => el("li", {}, place)));
  if (all.length > shown) {
    const more = button(`Show ${number(all.length - shown)} more`, () => list.replaceWith(places(all, Infinity)));
    list.append(el("li", {}, more));
  }
  return list;
}

function references(rule) {
  if (!rule.references.length) return null;
  const one = ({ text, link }) =>
    el("li", {}, link ? el("a", { href: text, rel: "noopener noreferrer", target: "_blank" }, text) : text);
  return el("div", { class: "advice" }, el("h4", {}, "Read on"), el("ul", { class: "references" }, rule.references.map(one)));
}

function hint(finding) {
  const parts = [finding.subject, ...(finding.secrets ?? []).slice(0, 1)].filter(Boolean);
  if (finding.more) parts.push(`and ${counted(finding.more.length, "more place")}`);
  return parts.map((part) => shortened(part, 60)).join(" · ");
}

function line(finding, inGroup) {
  const title = data.rules[finding.rule].title;
  const opened = el("details", { class: "finding", id: finding.id },
    el("summary", {},
      tag(finding.severity),
      el("span", { class: "what" },
        inGroup ? null : el("b", {}, title),
        el("span", { class: "path" }, finding.place),
        el("span", { class: "hint" }, hint(finding))),
      finding.confidence === "high" ? null : el("span", { class: "sure" }, `${finding.confidence} confidence`)));
  opened.addEventListener("toggle", () => unfold(opened, finding, inGroup));
  return opened;
}

// What is under the line is made when it is seen first.
function unfold(opened, finding, inGroup) {
  if (opened.open && opened.childElementCount === 1) opened.append(details(finding, !inGroup));
}
