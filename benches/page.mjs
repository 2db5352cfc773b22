// How soon a page of `assay sourcing --format html` paints and answers a search: node benches/page.mjs PAGE [WORDS]
// Needs Chromium and Node.js 22 (20 with --experimental-websocket); prints milliseconds, medians of RUNS loads (default 5) with a fresh profile each.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [page, words = "golden"] = process.argv.slice(2);
const runs = Number(process.env.RUNS ?? 5);
const median = (all) => [...all].sort((a, b) => a - b)[all.length >> 1];

// A browser, controlled through a local socket.
async function browser() {
  const profile = mkdtempSync(join(tmpdir(), "page-"));
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0", "--window-size=1400,1000", `--user-data-dir=${profile}`];
  const child = spawn(process.env.CHROMIUM ?? "chromium", [...flags, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
  const port = await new Promise((found) => {
    let said = "";
    child.stderr.on("data", (text) => {
      said += text;
      const at = said.match(/ws:\/\/127\.0\.0\.1:(\d+)/);
      if (at) found(at[1]);
    });
  });
  const targets = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
  const socket = new WebSocket(targets.find((target) => target.type === "page").webSocketDebuggerUrl);
  await new Promise((opened) => { socket.onopen = opened; });
  const waiting = new Map();
  let number = 0;
  socket.onmessage = ({ data }) => {
    const answer = JSON.parse(data);
    waiting.get(answer.id)?.(answer.result);
    waiting.delete(answer.id);
  };
  const call = (method, params = {}) => new Promise((answered) => {
    number += 1;
    waiting.set(number, answered);
    socket.send(JSON.stringify({ id: number, method, params }));
  });
  const end = () => new Promise((ended) => {
    child.once("exit", () => { rmSync(profile, { recursive: true, force: true, maxRetries: 5 }); ended(); });
    socket.close();
    child.kill();
  });
  return { call, end };
}

const evaluate = async (call, expression) => {
  const { result } = await call("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  return result.value;
};

// When the first paint was, and the tables were filled; then, once the page is idle, how long a search takes until its
// rows are laid out: the first one, and the slowest while the words are typed.
const MEASURE = `(async () => {
  while (!document.documentElement.dataset.sourcing) await new Promise((next) => setTimeout(next, 5));
  const ready = performance.now();
  const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  await new Promise((idle) => requestIdleCallback(idle));
  const field = document.querySelector("#image-search");
  const search = (text) => {
    const start = performance.now();
    field.value = text;
    field.dispatchEvent(new Event("input"));
    document.body.offsetHeight;
    return performance.now() - start;
  };
  const first = search(${JSON.stringify(words)});
  const later = Math.max(...[..."${words}"].map((_, at, all) => search(all.slice(0, at + 1).join(""))));
  return { paint, ready, first, later, rows: document.querySelectorAll("#images tbody tr").length };
})()`;

const all = [];
for (let run = 0; run < runs; run += 1) {
  const { call, end } = await browser();
  await call("Page.enable");
  await call("Page.navigate", { url: pathToFileURL(resolve(page)).href });
  while (await evaluate(call, "location.protocol !== 'file:' || document.readyState !== 'complete'")) await new Promise((next) => setTimeout(next, 10));
  all.push(await evaluate(call, MEASURE));
  await end();
}
console.log(`bytes ${statSync(page).size}`);
for (const what of ["paint", "ready", "first", "later", "rows"]) console.log(`${what} ${Math.round(median(all.map((one) => one[what])))}`);
