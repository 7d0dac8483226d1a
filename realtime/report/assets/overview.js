"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const table = document.getElementById("table"), body = table.tBodies[0];
  const lines = [...body.rows]; // in the order of data.rows
  const shares = data.columns.flatMap((column, at) => (column.label === null ? [] : [{ at, label: column.label }]));
  const canvas = document.getElementById("columns"), which = document.getElementById("which");
  let order = data.rows.map((_, i) => i), sorted = { column: 0, up: true };

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const visible = () => order.filter((i) => !lines[i].hidden);
  const text = (value) => (typeof value === "string" ? value : "");

  // Rows without a value come last, whichever way the others are sorted.
  function compare(a, b) {
    const x = data.rows[a][sorted.column], y = data.rows[b][sorted.column];
    if (x === null || y === null) return (x === null) - (y === null) || a - b;
    const sign = typeof x === "string" ? x.localeCompare(y, undefined, { numeric: true }) : x - y;
    return (sorted.up ? sign : -sign) || a - b;
  }

  function sort(column) {
    const textual = typeof data.rows[0]?.[column] === "string";
    sorted = { column, up: sorted.column === column ? !sorted.up : textual }; // numbers: the highest first
    order.sort(compare);
    body.append(...order.map((i) => lines[i]));
    mark();
    draw();
  }

  function mark() {
    table.querySelectorAll("[data-column]").forEach((button) => {
      const here = Number(button.dataset.column) === sorted.column;
      button.parentElement.setAttribute("aria-sort", here ? (sorted.up ? "ascending" : "descending") : "none");
    });
  }

  function filter(words) {
    lines.forEach((line, i) => { line.hidden = !text(data.rows[i][0]).toLowerCase().includes(words.toLowerCase()); });
    document.getElementById("shown").textContent = words ? `${visible().length} of ${lines.length} recordings` : "";
    draw();
  }

  function draw() {
    if (!canvas) return;
    const scale = devicePixelRatio, width = canvas.clientWidth * scale, height = canvas.clientHeight * scale;
    canvas.width = width;
    canvas.height = height;
    const ctx = canvas.getContext("2d"), rows = visible(), each = width / rows.length, gap = each >= 4 * scale ? scale : 0;
    const colours = shares.map(({ label }) => css(`--c${label}`));
    ctx.fillStyle = css("--panel");
    ctx.fillRect(0, 0, width, height);
    rows.forEach((row, n) => {
      let top = height;
      shares.forEach(({ at }, j) => {
        const part = (data.rows[row][at] ?? 0) * height;
        ctx.fillStyle = colours[j];
        ctx.fillRect(n * each, top - part, each - gap, part);
        top -= part;
      });
    });
  }

  function under(event) {
    const rows = visible();
    return rows[Math.floor((event.offsetX / canvas.clientWidth) * rows.length)];
  }

  function tell(row) {
    const name = text(data.rows[row]?.[0]);
    const ranked = name ? shares.map(({ at }) => [data.rows[row][at], data.columns[at].name]).filter(([share]) => share) : [];
    ranked.sort((a, b) => b[0] - a[0]);
    which.textContent = name && `${name}  ${ranked.slice(0, 2).map(([share, label]) => `${label} ${Math.round(100 * share)} %`).join(", ") || "no labelled face"}`;
  }

  function choose(row) {
    table.querySelector(".chosen")?.classList.remove("chosen");
    lines[row]?.classList.add("chosen");
    lines[row]?.scrollIntoView({ block: "center" });
  }

  function csv() {
    const cell = (value) => {
      const plain = String(value ?? "");
      return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
    };
    const rows = [data.columns.map((column) => column.name), ...visible().map((i) => data.rows[i])];
    return rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
  }

  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.download = `${data.name}_recordings.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  table.querySelectorAll("[data-column]").forEach((button) => button.addEventListener("click", () => sort(Number(button.dataset.column))));
  document.getElementById("filter").addEventListener("input", (event) => filter(event.target.value.trim()));
  document.getElementById("csv").addEventListener("click", save);
  mark();
  if (canvas) {
    canvas.addEventListener("pointermove", (event) => tell(under(event)));
    canvas.addEventListener("pointerleave", () => { which.textContent = ""; });
    canvas.addEventListener("click", (event) => choose(under(event)));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    matchMedia("print").addEventListener("change", draw);
    new ResizeObserver(draw).observe(canvas);
    draw();
  }
  requestAnimationFrame(() => { document.documentElement.dataset.drawn = Math.round(performance.now()); }); // milliseconds, for tests
  window.ferReport = { csv };
})();
