// The image with boxes and labels, drawn at the resolution of the display.
import { ink, onVideo } from "./colours.js";

const BLUR_CELLS = 9; // of a hidden face, across

export class Stage {
  constructor(holder, canvas) {
    this.holder = holder;
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.image = this.frame = null;
    this.focus = null; // id of the face that the lesson explains
    this.mirror = this.blur = false;
    this.size = [16, 9];
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  // Pixels of the source.
  setSize(width, height) {
    if (!width || !height || (width === this.size[0] && height === this.size[1])) return;
    this.size = [width, height];
    this.holder.style.setProperty("--ratio", width / height);
  }

  // A new frame; `image` is an ImageBitmap, or null where there is none. Boxes are in pixels of the frame, which may be larger.
  show(frame, image, size = image) {
    this.image?.close();
    [this.frame, this.image] = [frame, image];
    if (size) this.setSize(size.width, size.height);
    this.draw();
  }

  clear() { this.show(null, null); }

  draw() {
    const { canvas, context, image, frame } = this, dpr = devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * dpr), height = Math.round(canvas.clientHeight * dpr);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const scale = Math.min(width / this.size[0], height / this.size[1]);
    this.area = { x: (width - this.size[0] * scale) / 2, y: (height - this.size[1] * scale) / 2, scale, width: this.size[0] * scale, height: this.size[1] * scale };
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    if (image) this.drawImage(image);
    const faces = [...(frame?.faces ?? [])].sort((a, b) => b.box[2] - a.box[2]).map((face) => ({ face, box: this.place(face.box) }));
    if (image && this.blur) faces.forEach(({ face, box }) => this.hide(image, face.box, box));
    this.line = Math.max(2 * dpr, Math.min(width, height) / 220);
    [...faces].reverse().forEach(({ face, box }) => this.drawBox(face, box));
    this.drawPlates(faces, dpr);
  }

  drawImage(image) {
    const { context, area } = this;
    context.save();
    context.imageSmoothingQuality = "high";
    if (this.mirror) context.setTransform(-1, 0, 0, 1, this.canvas.width, 0);
    context.drawImage(image, area.x, area.y, area.width, area.height);
    context.restore();
  }

  // A box of the source on the canvas, cut off where the image ends.
  place([left, top, width, height]) {
    const { x, y, scale } = this.area, [w, h] = this.size;
    const x1 = Math.max(0, this.mirror ? w - left - width : left), x2 = Math.min(w, this.mirror ? w - left : left + width);
    const y1 = Math.max(0, top), y2 = Math.min(h, top + height);
    return { x: x + x1 * scale, y: y + y1 * scale, w: Math.max(1, (x2 - x1) * scale), h: Math.max(1, (y2 - y1) * scale) };
  }

  // For this browser's own camera; images of the server are hidden there.
  hide(image, [left, top, width, height], box) {
    this.cells ??= Object.assign(document.createElement("canvas"), { width: BLUR_CELLS, height: BLUR_CELLS });
    const small = this.cells.getContext("2d");
    small.drawImage(image, left, top, width, height, 0, 0, BLUR_CELLS, BLUR_CELLS);
    this.context.drawImage(this.cells, 0, 0, BLUR_CELLS, BLUR_CELLS, box.x, box.y, box.w, box.h);
  }

  drawBox(face, { x, y, w, h }) {
    const { context } = this, coasting = face.state === "coasting", line = coasting ? this.line / 2 : this.line;
    context.setLineDash(coasting ? [4 * line, 3 * line] : []);
    this.outline(x, y, w, h, "rgb(0 0 0 / .65)", line + this.line);
    this.outline(x, y, w, h, onVideo(face.label), line);
    context.setLineDash([]);
    if (face.id === this.focus && this.frame.faces.length > 1) {
      const by = 2 * this.line;
      this.outline(x - by, y - by, w + 2 * by, h + 2 * by, "#fff", this.line);
    }
  }

  outline(x, y, w, h, colour, width) {
    const { context } = this;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.roundRect(x, y, w, h, 3 * this.line);
    context.stroke();
  }

  // The largest face first; in a crowd labels are shortened before they overlap.
  drawPlates(faces, dpr) {
    const { context, canvas, area } = this, size = Math.max(12 * dpr, Math.min(canvas.width, canvas.height) / 27);
    const pad = size * 0.4, height = size * 1.5, taken = [];
    context.font = `600 ${size}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    for (const { face, box } of faces) {
      const full = face.confidence === null ? face.reason ?? "" : `${Math.round(100 * face.confidence)} %`;
      const spot = this.room([`#${face.id} ${face.label} ${full}`.trim(), `#${face.id} ${face.label}`, `#${face.id}`], box, height, pad, taken, area);
      if (!spot) continue;
      taken.push(spot);
      const colour = onVideo(face.label);
      context.globalAlpha = face.state === "coasting" ? 0.55 : 1;
      context.fillStyle = colour;
      context.beginPath();
      context.roundRect(spot.x, spot.y, spot.w, height, size * 0.25);
      context.fill();
      context.fillStyle = ink(colour);
      context.fillText(spot.text, spot.x + pad, spot.y + height * 0.53);
      context.globalAlpha = 1;
    }
  }

  room(texts, box, height, pad, taken, area) {
    const left = Math.max(0, area.x), right = area.x + area.width, gap = this.line;
    for (const text of texts) {
      const w = this.context.measureText(text).width + 2 * pad, x = Math.max(left, Math.min(box.x, right - w));
      for (const y of [box.y - height - gap, box.y + box.h + gap, box.y + gap]) {
        const fits = y >= area.y && y + height <= area.y + area.height && w <= right - left;
        if (fits && !taken.some((other) => x < other.x + other.w && other.x < x + w && Math.abs(y - other.y) < height)) return { x, y, w, text };
      }
    }
    return null;
  }
}
