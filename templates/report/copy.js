// Commands, with a button that copies them.

// Where a browser gives no clipboard, what is selected is copied; where that fails too, it stays selected.
async function copy(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const range = document.createRange();
    range.selectNodeContents(shown);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    const done = document.execCommand("copy");
    if (done) selection.removeAllRanges();
    return done;
  }
}

function command(text, label = "Copy") {
  const code = el("code", {}, text);
  const press = button(label, async () => {
    const done = await copy(text, code);
    press.textContent = done ? "Copied" : "Press Ctrl+C";
    tell(done ? "Copied." : "It is selected: press Ctrl and C.");
    setTimeout(() => { press.textContent = label; }, 2000);
  }, { class: "copy", "aria-label": `Copy the command ${shortened(text, 80)}` });
  return el("div", { class: "command" }, code, press);
}

// A word of a shell, whatever is in it.
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
