// The data of the last minutes: every line for the download, and a point each tenth of a second for the timelines.
const KEPT_MS = 5 * 60_000;
export const SPAN_S = 60;
const STEP_S = 0.1, GAP_S = 0.6; // without a point for so long, a face was not there

// A fault of the crop, and not a doubt between two expressions.
export const isPoor = (face) => face.reason !== null && !face.reason.startsWith("between");

class Series {
  constructor() { this.points = []; }

  add(t, face, labels) {
    const point = { t, probs: labels.map((label) => face.probs[label]), label: face.label, poor: isPoor(face) };
    const last = this.points.length - 1;
    if (last > 0 && t - this.points[last - 1].t < STEP_S) this.points[last] = point;
    else this.points.push(point);
    let old = 0;
    while (this.points[old].t < t - SPAN_S - 1) old += 1;
    if (old) this.points.splice(0, old);
  }
}

export class History {
  constructor() { this.clear(); }

  clear() {
    this.lines = []; // [arrival in ms, record, line]
    this.series = new Map();
    this.markers = []; // [t, name]
    this.t = null;
  }

  add(frame, line, labels) {
    const t = frame.t ?? frame.frame;
    if (this.t !== null && t < this.t) this.clear(); // another start of the program
    this.t = t;
    this.keep(frame, line);
    for (const face of frame.faces) {
      if (!this.series.has(face.id)) this.series.set(face.id, new Series());
      this.series.get(face.id).add(t, face, labels);
    }
    for (const [id, { points }] of this.series) if (points[points.length - 1].t < t - SPAN_S) this.series.delete(id);
  }

  mark(marker, line) {
    this.markers.push([marker.at ?? marker.t ?? 0, marker.name ?? "marker"]);
    this.markers = this.markers.slice(-200);
    this.keep(marker, line);
  }

  keep(record, line) {
    const now = performance.now();
    this.lines.push([now, record, line]);
    if (this.lines[0][0] < now - KEPT_MS - 5000) this.lines = this.lines.filter(([at]) => at >= now - KEPT_MS); // a copy every five seconds
  }

  // Points of a face with an empty one in each gap, and the gaps and poor stretches as [from, to].
  view(id) {
    const points = [], gaps = [], poor = [];
    let before = null;
    for (const point of this.series.get(id)?.points ?? []) {
      if (before && point.t - before.t > GAP_S) {
        gaps.push([before.t, point.t]);
        points.push({ t: (before.t + point.t) / 2, probs: null, label: null });
      } else if (before?.poor) {
        const last = poor[poor.length - 1];
        if (last && last[1] === before.t) last[1] = point.t;
        else poor.push([before.t, point.t]);
      }
      points.push(point);
      before = point;
    }
    if (before && this.t - before.t > GAP_S) gaps.push([before.t, this.t]);
    return { points, gaps, poor };
  }
}
