// Everything begins here.

// On paper all is open; on the screen it then is as it was.
const byId = new Map(data.findings.map((finding) => [finding.id, finding]));
const printed = { from: 0, opened: [] };
addEventListener("beforeprint", () => {
  fillToTheEnd();
  printed.opened = [...document.querySelectorAll("details:not([open])")].filter((one) => one.id || one.classList.contains("words"));
  for (const one of printed.opened) {
    one.open = true;
    const finding = one.id && byId.get(one.id);
    if (finding) unfold(one, finding, wanted.grouped);
  }
});
addEventListener("afterprint", () => printed.opened.forEach((one) => { one.open = false; }));

startFilters();
for (const watch of watchers) watch();
startMap();
startTimes();
startGraph();
startSourcing();
startList();
document.documentElement.dataset.ready = "true";
