// Elements of the page. What comes from the image is only ever put in as text.

const SVG = "http://www.w3.org/2000/svg";
const $ = (selector) => document.querySelector(selector);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, does] of Object.entries(value)) element.addEventListener(event, does);
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== "") element.append(child);
  }
  return element;
}

const el = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
const draw = (name, attributes = {}, ...children) => fill(document.createElementNS(SVG, name), attributes, children);
const button = (text, does, attributes = {}) => el("button", { type: "button", on: { click: does }, ...attributes }, text);
const tag = (severity) => el("span", { class: `tag ${severity}` }, severity);

const number = (value) => value.toLocaleString("en-US");
const counted = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${(Math.floor(value * 10) / 10).toFixed(1)} ${units[unit]}`;
}

// The end of a text says more than its middle: the name of a file, and where it begins.
function shortened(text, length) {
  const letters = Array.from(text);
  if (letters.length <= length) return text;
  const tail = Math.floor((length - 1) / 2);
  return `${letters.slice(0, length - 1 - tail).join("")}…${tail ? letters.slice(-tail).join("") : ""}`;
}

// Of a sentence, the beginning.
function cut(text, length) {
  const letters = Array.from(text);
  return letters.length <= length ? text : `${letters.slice(0, length - 1).join("")}…`;
}

// Told to who listens to the page.
function tell(text) {
  $("#told").textContent = text;
}
