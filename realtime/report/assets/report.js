"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const k = data.labels.length;
  const ABSENT = 255, UNCERTAIN = 254;
  const MOST_POINTS = 1200; // in a plot, about its width in pixels
  const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200];
  const RIBBON = 0.13; // height of the band of labels, as a share of the height of 100 %

  function bytes(text) {
    const plain = atob(text), found = new Uint8Array(plain.length);
    for (let i = 0; i < plain.length; i++) found[i] = plain.charCodeAt(i);
    return found;
  }
  const times = Array.from(new Float32Array(bytes(data.times).buffer));
  const faces = data.faces.map((face) => ({
    ...face, probs: bytes(face.probs), raw: bytes(face.raw), labels: bytes(face.labels), plot: null,
  }));
  const first = times[0], last = times.length > 1 ? times[times.length - 1] : times[0] + 1;
  let range = [first, last], showRaw = false, printing = false;

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const theme = () => ({ ink: css("--ink"), dim: css("--dim"), line: css("--line"), colours: [...Array(k + 1).keys()].map((i) => css(`--c${i}`)) });
  let style = theme();

  const clock = (t) => {
    const tenths = Math.round(t * 10), s = Math.floor(tenths / 10) % 60, m = Math.floor(tenths / 600) % 60, h = Math.floor(tenths / 36000);
    return `${h ? `${h}:${String(m).padStart(2, "0")}` : m}:${String(s).padStart(2, "0")}${range[1] - range[0] < 30 ? `.${tenths % 10}` : ""}`;
  };

  // The visible points of a face. If there are more points than pixels, neighbours are averaged.
  function view(face) {
    const values = showRaw ? face.raw : face.probs;
    const after = times.findIndex((t) => t > range[1]);
    const from = Math.max(0, times.findIndex((t) => t >= range[0]) - 1), to = after < 0 ? times.length : after + 1;
    const each = Math.ceil((to - from) / MOST_POINTS), n = Math.ceil((to - from) / each);
    const shown = { times: new Array(n), means: Array.from({ length: k }, () => new Array(n).fill(null)), labels: new Uint8Array(n).fill(ABSENT) };
    const sums = new Float64Array(k), votes = new Uint32Array(256);
    for (let b = 0; b < n; b++) {
      const start = from + b * each, end = Math.min(start + each, to);
      shown.times[b] = (times[start] + times[end - 1]) / 2;
      let count = 0, labelled = false;
      sums.fill(0);
      votes.fill(0);
      for (let i = Math.max(start - face.start, 0); i < Math.min(end - face.start, face.count); i++) {
        if (face.labels[i] !== ABSENT) labelled = ++votes[face.labels[i]] > 0;
        if (values[i * k] === ABSENT) continue;
        count++;
        for (let j = 0; j < k; j++) sums[j] += values[i * k + j];
      }
      if (labelled) shown.labels[b] = votes.indexOf(Math.max(...votes));
      if (count) for (let j = 0; j < k; j++) shown.means[j][b] = sums[j] / count / data.scale;
    }
    return shown;
  }

  // Cumulative sums, the largest first: each area covers the lower part of the previous one.
  function stacked(shown) {
    const columns = [];
    let below = shown.times.map(() => 0);
    shown.means.forEach((column, j) => {
      below = column.map((p, i) => (p === null ? null : j === k - 1 ? 1 : Math.min(1, below[i] + p)));
      columns.unshift(below);
    });
    return [shown.times, ...columns];
  }

  function drawRibbon(plot, face) {
    const { ctx, bbox } = plot;
    const top = plot.valToPos(-0.035, "y", true), bottom = bbox.top + bbox.height;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    const { labels, times: at } = face.shown;
    const edge = (i) => plot.valToPos(i === 0 ? at[0] : i === at.length ? at[i - 1] : (at[i - 1] + at[i]) / 2, "x", true);
    for (let start = 0, i = 1; i <= labels.length; i++) {
      if (i < labels.length && labels[i] === labels[start]) continue;
      if (labels[start] !== ABSENT) {
        ctx.fillStyle = style.colours[labels[start] === UNCERTAIN ? k : labels[start]];
        ctx.fillRect(edge(start), top, Math.max(edge(i) - edge(start), 1), bottom - top);
      }
      start = i;
    }
    ctx.restore();
  }

  function drawMarkers(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.strokeStyle = ctx.fillStyle = style.ink;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    let free = bbox.left;
    for (const [t, name] of data.markers) {
      const x = Math.round(plot.valToPos(t, "x", true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top - 4 * devicePixelRatio);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const width = ctx.measureText(name).width;
      if (x >= free && x + width <= bbox.left + bbox.width) {
        ctx.fillText(name, x, bbox.top - 6 * devicePixelRatio);
        free = x + width + 6 * devicePixelRatio;
      }
    }
    ctx.restore();
  }

  function readout(plot, face, at) {
    const i = plot.cursor.idx;
    const output = document.querySelector(`[data-readout="${at}"]`);
    if (i == null || face.shown.means[0][i] == null) {
      output.textContent = "";
      return;
    }
    const ranked = data.labels.map((label, j) => [face.shown.means[j][i], label]).sort((a, b) => b[0] - a[0]).slice(0, 2);
    output.textContent = `${clock(face.shown.times[i])}  ${ranked.map(([p, label]) => `${label} ${Math.round(100 * p)} %`).join(", ")}`;
  }

  function make(holder) {
    const at = Number(holder.dataset.face), face = faces[at];
    face.shown = view(face);
    const size = () => ({ width: holder.clientWidth, height: holder.clientHeight });
    const area = (i) => ({ fill: () => style.colours[k - 1 - i], width: 0, points: { show: false } });
    const axis = { stroke: () => style.dim, grid: { stroke: () => style.line, width: 1 }, ticks: { stroke: () => style.line, width: 1 }, font: "12px system-ui, sans-serif" };
    face.plot = new uPlot({
      ...size(),
      padding: [18, 22, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      scales: { x: { time: false, range: () => range }, y: { range: () => [-RIBBON, 1] } },
      axes: [
        { ...axis, space: 60, incrs: STEPS, values: (_, splits) => splits.map(clock) },
        { ...axis, size: 56, splits: () => [0, 0.5, 1], values: () => ["0", "50 %", "100 %"] },
      ],
      series: [{}, ...Array.from({ length: k }, (_, i) => area(i))],
      hooks: {
        draw: [(plot) => drawRibbon(plot, face), drawMarkers],
        setCursor: [(plot) => readout(plot, face, at)],
        setSelect: [(plot) => {
          if (plot.select.width < 3) return;
          show(plot.posToVal(plot.select.left, "x"), plot.posToVal(plot.select.left + plot.select.width, "x"));
        }],
      },
    }, stacked(face.shown), holder);
    face.plot.over.addEventListener("dblclick", () => show(first, last));
    new ResizeObserver(() => {
      if (!printing && holder.clientWidth && holder.clientWidth !== face.plot.width) face.plot.setSize(size());
    }).observe(holder);
  }

  function refresh() {
    for (const face of faces) {
      face.shown = view(face);
      face.plot.setData(stacked(face.shown));
      face.plot.setSelect({ width: 0, height: 0 }, false);
    }
  }

  // All faces show the same period.
  function show(from, to) {
    const width = Math.min(Math.max(to - from, 0.2), last - first || 1);
    from = Math.max(first, Math.min(from, last - width));
    range = [from, from + width];
    refresh();
    tell();
  }

  function tell() {
    document.getElementById("range").textContent = `${clock(range[0])} to ${clock(range[1])}`;
  }

  function restyle() {
    style = theme();
    for (const face of faces) face.plot.redraw(false, true);
  }

  function csv() {
    const cell = (value) => (value === ABSENT ? "" : (value / data.scale).toFixed(3));
    const rows = [["t", "face", "label", ...data.labels, ...data.labels.map((label) => `raw_${label}`)].join(",")];
    for (const face of faces) {
      for (let i = 0; i < face.count; i++) {
        const t = times[face.start + i];
        if (face.labels[i] === ABSENT || t < range[0] || t > range[1]) continue;
        const label = face.labels[i] === UNCERTAIN ? "uncertain" : data.labels[face.labels[i]];
        const part = (values) => Array.from(values.subarray(i * k, (i + 1) * k), cell);
        rows.push([t.toFixed(3), face.id, label, ...part(face.probs), ...part(face.raw)].join(","));
      }
    }
    return rows.join("\n") + "\n";
  }

  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.download = `${data.name.replace(/\.[^.]*$/, "")}_selection.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  async function copy() {
    const text = document.getElementById("methods");
    try {
      await navigator.clipboard.writeText(text.textContent);
      document.getElementById("copied").textContent = "copied";
    } catch { // some browsers forbid this for local files
      getSelection().selectAllChildren(text);
      document.getElementById("copied").textContent = "selected; press Ctrl-C";
    }
  }

  document.getElementById("copy").addEventListener("click", copy);
  if (faces.length) {
    document.querySelectorAll("[data-face]").forEach(make);
    tell();
    const middle = () => (range[0] + range[1]) / 2, width = () => range[1] - range[0];
    document.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => {
      const half = (width() * Number(button.dataset.zoom)) / 2;
      show(middle() - half, middle() + half);
    }));
    document.querySelectorAll("[data-pan]").forEach((button) => button.addEventListener("click", () => {
      const by = width() * Number(button.dataset.pan);
      show(range[0] + by, range[1] + by);
    }));
    document.querySelector("[data-all]").addEventListener("click", () => show(first, last));
    document.getElementById("raw").addEventListener("change", (event) => {
      showRaw = event.target.checked;
      refresh();
    });
    document.getElementById("csv").addEventListener("click", save);
    dark.addEventListener("change", restyle);
    const paper = (on) => { printing = on; restyle(); };
    matchMedia("print").addEventListener("change", (event) => paper(event.matches));
  }
  requestAnimationFrame(() => { document.documentElement.dataset.drawn = Math.round(performance.now()); }); // milliseconds, for tests
  window.ferReport = { csv };
})();
