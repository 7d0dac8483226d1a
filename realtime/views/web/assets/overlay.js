// A transparent page for OBS and classrooms: label and bars of one face or of all. Options in the address:
// face=N (the Nth face of those present, oldest first; default: all), bars=0, size=1.5, place=top|bottom, right=1
import { ink, onVideo, setLabels } from "./colours.js";
import { $, make, tell } from "./dom.js";
import { enter } from "./door.js";
import { closing, FINAL } from "./sentences.js";
import { Watch } from "./watch.js";

const STAYS_MS = 1500; // the last label stays for so long when a face is lost
const options = new URLSearchParams(location.search);
const one = Number.parseInt(options.get("face"), 10) || 0;
const withBars = options.get("bars") !== "0";
const size = Number.parseFloat(options.get("size"));
let labels = [];

class Plate {
  constructor() {
    this.label = make("p", { className: "label" });
    this.rows = labels.map((label) => ({ label, bar: make("b"), figure: make("span") }));
    const bars = make("ul", {}, ...this.rows.map(({ label, bar, figure }) => make("li", {}, make("span", { textContent: label }), make("i", {}, bar), figure)));
    this.element = make("section", {}, this.label, ...(withBars ? [bars] : []));
    this.seen = 0;
  }

  show(face) {
    this.seen = performance.now();
    const colour = onVideo(face.label), detail = face.confidence === null ? face.reason : `${Math.round(100 * face.confidence)} %`;
    this.element.dataset.label = face.label;
    this.element.setAttribute("aria-label", `Face ${face.id}`);
    this.label.style.background = colour;
    this.label.style.color = ink(colour);
    tell(this.label, [one ? "" : `#${face.id}`, face.label, detail ?? ""].join(" ").trim());
    for (const { label, bar, figure } of this.rows) {
      bar.style.transform = `scaleX(${Math.min(Math.max(face.probs[label], 0), 1)})`;
      bar.style.background = onVideo(label);
      tell(figure, `${Math.round(100 * face.probs[label])}`);
    }
  }
}

const plates = new Map();

function show(frame) {
  const present = [...frame.faces].sort((a, b) => a.id - b.id);
  const wanted = one ? present.slice(one - 1, one).map((face) => [0, face]) : present.map((face) => [face.id, face]);
  for (const [key, face] of wanted) {
    if (!plates.has(key)) {
      plates.set(key, new Plate());
      $("faces").append(plates.get(key).element);
    }
    plates.get(key).show(face);
  }
  sweep();
}

function sweep(all = false) {
  for (const [key, plate] of plates) {
    if (!all && performance.now() - plate.seen < STAYS_MS) continue;
    plate.element.remove();
    plates.delete(key);
  }
}

function say(text) {
  $("sentence").hidden = text === null;
  tell($("sentence"), text ?? "");
}

const events = {
  hello(message) {
    labels = message.labels;
    setLabels(labels);
    sweep(true);
    say(null);
  },
  frame: (frame) => show(frame),
  message() {},
  lost(code, reason) { // a viewer of the stream should not read about a restart
    sweep(true);
    if (FINAL.has(code)) say(closing(code, reason));
  },
};

let feed = null;

async function begin() {
  const refusal = await enter();
  say(refusal);
  feed?.end();
  feed = refusal === null ? new Watch(events, { images: false }) : null;
}

if (size > 0) document.documentElement.style.fontSize = `${Math.min(Math.max(size, 0.3), 6) * 24}px`;
document.body.classList.toggle("bottom", options.get("place") === "bottom");
document.body.classList.toggle("right", options.get("right") === "1");
addEventListener("hashchange", begin);
setInterval(() => sweep(), 500);
begin();
