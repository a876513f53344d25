"use strict";

// Tables sort by a click or Enter on a heading.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const descending = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.setAttribute("aria-sort", "none"));
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        const numbers = x !== "" && y !== "" && !isNaN(x) && !isNaN(y);
        return (numbers ? x - y : x.localeCompare(y)) * (descending ? -1 : 1);
      });
      table.tBodies[0].append(...rows);
    });
  });
}

for (const image of document.querySelectorAll(".tiles img")) {
  const enlarge = () => image.classList.toggle("small", image.naturalWidth <= 64);
  if (image.complete) enlarge(); else image.addEventListener("load", enlarge);
}

const data = JSON.parse(document.getElementById("data").textContent);

// A confusion matrix: colours are shares of the label, the square root of them where there are many classes.
for (const canvas of document.querySelectorAll("canvas.confusion")) {
  const { classes, counts } = data[canvas.dataset.section];
  const size = classes.length;
  const totals = counts.map((row) => Math.max(1, row.reduce((sum, count) => sum + count, 0)));
  const share = (row, column) => counts[row][column] / totals[row];
  const cell = document.getElementById(`${canvas.dataset.section}-cell`);
  const context = canvas.getContext("2d");
  let chosen = null, geometry = null;

  const short = (text, width) => {
    if (context.measureText(text).width <= width) return text;
    let end = text.length;
    while (end > 1 && context.measureText(text.slice(0, end) + "…").width > width) end -= 1;
    return text.slice(0, end) + "…";
  };

  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    const width = canvas.clientWidth, scale = window.devicePixelRatio || 1;
    context.font = "12px system-ui, sans-serif";
    const longest = Math.max(...classes.map((name) => context.measureText(name).width));
    const named = size <= 60;
    const margin = named ? Math.min(longest + 10, 130, width * 0.3) : 8;
    const side = (width - margin) / size;
    canvas.height = Math.round((side * size + margin) * scale);
    canvas.width = Math.round(width * scale);
    canvas.style.height = `${side * size + margin}px`;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.font = `${Math.max(7, Math.min(12, side * 0.8))}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    for (let row = 0; row < size; row += 1) {
      for (let column = 0; column < size; column += 1) {
        const value = size > 20 ? Math.sqrt(share(row, column)) : share(row, column);
        const x = margin + column * side, y = margin + row * side;
        context.fillStyle = `rgba(${color("--cell")}, ${value.toFixed(3)})`;
        context.fillRect(x, y, side, side);
        if (size <= 20 && side > 20 && counts[row][column]) {
          const light = matchMedia("(prefers-color-scheme: light)").matches;
          context.fillStyle = value > 0.5 ? (light ? "#fff" : "#000") : color("--ink");
          context.textAlign = "center";
          context.fillText(String(counts[row][column]), x + side / 2, y + side / 2, side - 2);
        }
      }
    }
    context.strokeStyle = color("--line");
    context.strokeRect(margin, margin, side * size, side * size);
    if (named) {
      context.fillStyle = color("--soft");
      classes.forEach((name, index) => {
        context.textAlign = "right";
        context.fillText(short(name, margin - 8), margin - 5, margin + (index + 0.5) * side);
        context.save();
        context.translate(margin + (index + 0.5) * side, margin - 5);
        context.rotate(-Math.PI / 2);
        context.textAlign = "left";
        context.fillText(short(name, margin - 8), 0, 0);
        context.restore();
      });
    }
    geometry = { margin, side };
    if (chosen) {
      const [row, column] = chosen;
      context.lineWidth = 2;
      context.strokeStyle = color("--ink");
      context.strokeRect(margin + column * side, margin + row * side, side, side);
      context.lineWidth = 1;
    }
  };

  const choose = (row, column) => {
    if (row < 0 || column < 0 || row >= size || column >= size) return;
    chosen = [row, column];
    const count = counts[row][column];
    const what = row === column ? `${classes[row]} recognised` : `${classes[row]} taken for ${classes[column]}`;
    cell.textContent = `${what}: ${count.toLocaleString("en")} of ${totals[row].toLocaleString("en")} (${(100 * share(row, column)).toFixed(1)} %)`;
    draw();
  };

  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    const at = (position) => Math.floor((position - geometry.margin) / geometry.side);
    choose(at(event.clientY - box.top), at(event.clientX - box.left));
  };
  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("pointerdown", point);
  canvas.addEventListener("focus", () => { if (!chosen) choose(0, 0); });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [row, column] = chosen ?? [0, 0];
    choose(row + step[0], column + step[1]);
  });
  new ResizeObserver(draw).observe(canvas.parentElement);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
