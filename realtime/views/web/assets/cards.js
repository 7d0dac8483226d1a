// A card for each face: its label with that label's probability, the bars, the reason when uncertain, and its last minute.
import { colourOf } from "./colours.js";
import { make, tell } from "./dom.js";
import { Timeline } from "./timeline.js";

const MOST = 6; // faces with a card; the others are counted
const STAYS_MS = 5000; // a card outlives its face by so much
const DRAW_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 250;

export const caption = (face) => (face.confidence === null ? face.label : `${face.label} ${Math.round(100 * face.confidence)} %`);

class Card {
  constructor(id, labels) {
    this.id = id;
    this.labels = labels;
    this.label = make("b", { className: "label" });
    this.share = make("span", { className: "share" });
    this.reason = make("p", { className: "reason" });
    this.swatch = make("i", { className: "swatch" });
    this.bars = labels.map((label) => ({ bar: make("b"), figure: make("span", { className: "figure" }), row: null, label }));
    const rows = this.bars.map((each) => {
      each.row = make("li", {}, make("span", { textContent: each.label }), make("i", { className: "bar" }, each.bar), each.figure);
      return each.row;
    });
    const plot = make("div", { className: "plot" });
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", `Face ${id}: probabilities of the last 60 seconds`);
    this.element = make("article", { className: "card" },
      make("h2", {}, this.swatch, make("span", { className: "number", textContent: `#${id} ` }), this.label, " ", this.share),
      this.reason, make("ul", { className: "bars" }, ...rows), plot);
    this.element.setAttribute("aria-label", `Face ${id}`);
    this.plot = plot;
    this.seen = 0;
  }

  attach(holder) {
    holder.append(this.element);
    this.timeline = new Timeline(this.plot, this.labels);
  }

  show(face) {
    this.seen = performance.now();
    this.element.classList.remove("gone");
    this.element.dataset.label = face.label;
    tell(this.label, face.label);
    tell(this.share, face.confidence === null ? "" : `${Math.round(100 * face.confidence)} %`);
    tell(this.reason, face.reason ?? "");
    this.swatch.style.background = colourOf(face.label);
    for (const { bar, figure, row, label } of this.bars) {
      const p = face.probs[label];
      bar.style.transform = `scaleX(${Math.min(Math.max(p, 0), 1)})`;
      bar.style.background = colourOf(label);
      tell(figure, `${Math.round(100 * p)}`);
      row.classList.toggle("leads", label === face.label);
    }
  }

  // The face is not in the image now.
  leave() {
    this.element.classList.add("gone");
    tell(this.reason, "not in the image");
  }

  end() {
    this.timeline?.end();
    this.element.remove();
  }
}

export class Cards {
  constructor(holder) {
    this.holder = holder;
    this.cards = new Map();
    this.labels = [];
    this.drawn = 0;
    this.empty = make("p", { className: "empty", textContent: "No face in the image yet." });
    this.more = make("p", { className: "more" });
    this.legend = make("p", { className: "legend" }, make("i", { className: "key gap" }), "not in the image ", make("i", { className: "key poor" }), "poor image of the face");
    holder.append(this.empty);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.cards.forEach(({ timeline }) => timeline.restyle()));
  }

  clear(labels) {
    this.labels = labels;
    this.cards.forEach((card) => card.end());
    this.cards.clear();
    this.arrange(0);
  }

  show(frame, history) {
    const faces = [...frame.faces].sort((a, b) => a.id - b.id);
    for (const face of faces) {
      if (!this.cards.has(face.id) && this.room()) {
        const card = new Card(face.id, this.labels);
        this.cards.set(face.id, card);
        card.attach(this.holder);
      }
      this.cards.get(face.id)?.show(face);
    }
    const now = performance.now(), present = new Set(faces.map(({ id }) => id));
    for (const [id, card] of this.cards) {
      if (present.has(id)) continue;
      card.leave();
      if (now - card.seen > STAYS_MS) this.drop(id);
    }
    this.arrange(faces.filter(({ id }) => !this.cards.has(id)).length);
    if (now - this.drawn >= DRAW_MS) this.draw(history);
  }

  draw(history) {
    this.drawn = performance.now();
    if (history.t === null) return;
    this.cards.forEach((card, id) => card.timeline.show(history.t, history.view(id), history.markers));
  }

  // Whether there is room for one more card; one whose face has gone makes way.
  room() {
    if (this.cards.size < MOST) return true;
    const gone = [...this.cards.values()].find(({ element }) => element.classList.contains("gone"));
    if (gone) this.drop(gone.id);
    return gone !== undefined;
  }

  drop(id) {
    this.cards.get(id).end();
    this.cards.delete(id);
  }

  arrange(others) {
    const some = this.cards.size > 0;
    if (this.empty.isConnected === some) some ? this.empty.remove() : this.holder.append(this.empty);
    if (some && (this.holder.lastElementChild !== this.legend)) this.holder.append(this.more, this.legend);
    if (!some) [this.more, this.legend].forEach((each) => each.remove());
    tell(this.more, others ? `and ${others} more` : "");
  }
}
