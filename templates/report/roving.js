// Drawings whose parts are reached by arrow keys: one of them is a stop for the Tab key, the one that was last used.

function rove(parts, { back } = {}) {
  parts.forEach((part, index) => {
    part.setAttribute("tabindex", index === 0 ? "0" : "-1");
    part.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
      let next = null;
      if (event.key in steps) next = (index + steps[event.key] + parts.length) % parts.length;
      else if (event.key === "Home") next = 0;
      else if (event.key === "End") next = parts.length - 1;
      else if (event.key === "Enter" || event.key === " ") part.dispatchEvent(new MouseEvent("click"));
      else if ((event.key === "Escape" || event.key === "Backspace") && back) back();
      else return;
      event.preventDefault();
      if (next === null) return;
      part.setAttribute("tabindex", "-1");
      parts[next].setAttribute("tabindex", "0");
      parts[next].focus();
    });
  });
}

// Draws again when the width of `box` has changed.
function onWidth(box, redraw) {
  let width = 0;
  new ResizeObserver(() => {
    if (Math.abs(box.clientWidth - width) < 2) return;
    width = box.clientWidth;
    redraw();
  }).observe(box);
}
