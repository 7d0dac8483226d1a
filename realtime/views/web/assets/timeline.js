// The last minute of one face: probabilities as areas, the label below them, markers, gaps and poor quality. Looks like the report's.
import { colourOf, css } from "./colours.js";
import { SPAN_S } from "./history.js";

const RIBBON = 0.14; // height of the label below the plot, of the height of 100 %
const FONT = "12px system-ui, sans-serif";

export class Timeline {
  constructor(holder, labels) {
    this.labels = labels;
    this.holder = holder;
    this.t = 0;
    this.view = { points: [], gaps: [], poor: [] };
    this.markers = [];
    this.plot = new uPlot(this.options(), this.data(), holder);
    this.observer = new ResizeObserver(() => { if (holder.clientWidth) this.plot.setSize(this.size()); });
    this.observer.observe(holder);
  }

  size() { return { width: Math.max(1, this.holder.clientWidth), height: Math.max(1, this.holder.clientHeight) }; }

  options() {
    const area = (i) => ({ fill: () => colourOf(this.labels[this.labels.length - 1 - i]), width: 0, points: { show: false } });
    const axis = { stroke: () => css("--dim"), grid: { stroke: () => css("--line"), width: 1 }, ticks: { stroke: () => css("--line"), width: 1 }, font: FONT };
    const ago = (t) => (this.t - t < 0.5 ? "now" : `−${Math.round(this.t - t)} s`);
    return {
      ...this.size(),
      padding: [14, 16, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: () => [this.t - SPAN_S, this.t] }, y: { range: () => [-RIBBON, 1] } },
      axes: [
        { ...axis, size: 26, gap: 3, splits: () => [60, 45, 30, 15, 0].map((s) => this.t - s).slice(this.holder.clientWidth < 260 ? 2 : 0), values: (_, splits) => splits.map(ago) },
        { ...axis, size: 54, gap: 3, splits: () => [0, 0.5, 1], values: () => ["0", "50 %", "100 %"] },
      ],
      series: [{}, ...this.labels.map((_, i) => area(i))],
      hooks: { draw: [(plot) => this.decorate(plot)] },
    };
  }

  // Cumulative sums, the largest first: each later area is painted over the lower part of the one before it.
  data() {
    const { points } = this.view, columns = [];
    let below = points.map(() => 0);
    this.labels.forEach((_, j) => {
      below = points.map(({ probs }, i) => (probs === null ? null : j === this.labels.length - 1 ? 1 : Math.min(1, below[i] + probs[j])));
      columns.unshift(below);
    });
    return [points.map(({ t }) => t), ...columns];
  }

  show(t, view, markers) {
    Object.assign(this, { t, view, markers });
    this.plot.setData(this.data());
  }

  restyle() { this.plot.redraw(false, true); }

  decorate(plot) {
    const { ctx: context, bbox } = plot, dpr = devicePixelRatio || 1;
    const x = (t) => Math.min(Math.max(plot.valToPos(t, "x", true), bbox.left), bbox.left + bbox.width);
    const bottom = bbox.top + bbox.height;
    context.save();
    this.ribbon(plot, context, x, bottom);
    context.fillStyle = context.strokeStyle = css("--dim");
    for (const [from, to] of this.view.gaps) this.hatch(context, x(from), bbox.top, x(to), bottom, dpr);
    context.fillStyle = css("--warn");
    for (const [from, to] of this.view.poor) context.fillRect(x(from), bbox.top, Math.max(dpr, x(to) - x(from)), 5 * dpr);
    this.drawMarkers(plot, context, bottom, dpr);
    context.restore();
  }

  ribbon(plot, context, x, bottom) {
    const { points } = this.view, top = plot.valToPos(-0.04, "y", true);
    for (let start = 0, i = 1; i <= points.length; i++) {
      if (i < points.length && points[i].label === points[start].label) continue;
      if (points[start].label !== null) {
        context.fillStyle = colourOf(points[start].label);
        context.fillRect(x(points[start].t), top, x(points[Math.min(i, points.length - 1)].t) - x(points[start].t), bottom - top);
      }
      start = i;
    }
  }

  hatch(context, x1, y1, x2, y2, dpr) {
    if (x2 - x1 < 1) return;
    context.save();
    context.beginPath();
    context.rect(x1, y1, x2 - x1, y2 - y1);
    context.clip();
    context.globalAlpha = 0.35;
    context.lineWidth = dpr;
    context.beginPath();
    for (let x = x1 - (y2 - y1); x < x2; x += 7 * dpr) {
      context.moveTo(x, y2);
      context.lineTo(x + (y2 - y1), y1);
    }
    context.stroke();
    context.restore();
  }

  drawMarkers(plot, context, bottom, dpr) {
    const { bbox } = plot;
    context.font = `${11 * dpr}px system-ui, sans-serif`;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.strokeStyle = context.fillStyle = css("--ink");
    context.setLineDash([4 * dpr, 3 * dpr]);
    let free = bbox.left;
    for (const [t, name] of this.markers) {
      const x = Math.round(plot.valToPos(t, "x", true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      context.beginPath();
      context.moveTo(x, bbox.top - 3 * dpr);
      context.lineTo(x, bottom);
      context.stroke();
      const width = context.measureText(name).width;
      if (x >= free && x + width <= bbox.left + bbox.width) {
        context.fillText(name, x, bbox.top - 4 * dpr);
        free = x + width + 6 * dpr;
      }
    }
  }

  end() {
    this.observer.disconnect();
    this.plot.destroy();
  }
}
