// The events: columns of numbers, in the order of time.

async function unpacked(element) {
  const text = element.textContent;
  if (element.type === "application/json") return JSON.parse(text);
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const data = await unpacked($("#data"));
const times = new Float64Array(data.times.length);
data.times.reduce((sum, step, index) => (times[index] = sum + step), 0);

// The first event at or after a time.
function firstAt(time) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

const shown = { sources: new Set(data.source), text: "" };
let fitting = null;

// Which texts hold what is looked for.
function search(text) {
  const wanted = text.trim().toLowerCase();
  shown.text = wanted;
  fitting = wanted ? data.texts.map((one) => one.toLowerCase().includes(wanted)) : null;
}

const isShown = (index) => shown.sources.has(data.source[index]) && (!fitting || fitting[data.text[index]]);

function moment(time, digits = 19) {
  return new Date(time).toISOString().replace(/^\+0*/, "").replace("T", " ").slice(0, digits);
}
