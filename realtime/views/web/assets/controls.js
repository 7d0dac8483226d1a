// Buttons: those of the program's actions that make sense in this run, named markers, and what concerns this page alone.
import { $, make } from "./dom.js";

// Name of the action, text, key; the pressed state and the second text come from the state of the program.
const ACTIONS = [
  { name: "pause", text: "Pause", other: "Continue", key: "space", pressed: (status) => status.paused },
  { name: "record", text: "Record a session", other: "Stop recording", pressed: (status) => status.recording },
  { name: "snapshot", text: "Snapshot", key: "s" },
  { name: "calibrate", text: "Calibrate", other: "Give up calibrating", key: "c", pressed: (status) => Boolean(status.calibrating) },
  { name: "blur", text: "Blur faces", key: "b", pressed: (status) => status.blur, toggles: true },
  { name: "lesson", text: "Lesson view", key: "p", pressed: (status) => status.lesson, toggles: true },
  { name: "quit", text: "End fer-cam", key: "q" },
];

const FILES = ["frames.jsonl", "faces.csv", "events.tsv", "session.json", "video.mp4"];

export class Controls {
  // `act(name, pressed)` and `mark(name, agoMs)` do it.
  constructor(act, mark) {
    this.act = act;
    this.buttons = new Map();
    this.finished = "";
    $("marker-form").addEventListener("submit", (event) => {
      event.preventDefault();
      mark($("marker-name").value.trim() || null, 0);
      $("marker-name").value = "";
    });
    this.mark = mark;
  }

  hello({ can, markers }) {
    this.markers = markers;
    const wanted = ACTIONS.filter(({ name }) => can.includes(name));
    if (wanted.map(({ name }) => name).join() !== [...this.buttons.keys()].join()) this.build(wanted);
    $("marker-form").hidden = !can.includes("marker");
    $("markers").replaceChildren(...markers.map((name, i) => {
      const button = make("button", { type: "button" }, name, ...(i < 9 ? [" ", make("kbd", { textContent: String(i + 1) })] : []));
      button.addEventListener("click", (event) => this.mark(name, performance.now() - event.timeStamp));
      return button;
    }));
  }

  build(wanted) {
    this.buttons.clear();
    $("actions").replaceChildren(...wanted.map((action) => {
      const text = make("span", { textContent: action.text });
      const button = make("button", { type: "button", className: action.name }, text, ...(action.key ? [" ", make("kbd", { textContent: action.key })] : []));
      if (action.toggles) button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => this.press(action.name));
      this.buttons.set(action.name, { action, button, text, pressed: false });
      return button;
    }));
    $("actions").hidden = !wanted.length;
  }

  // Whether there is such a button.
  press(name) {
    const found = this.buttons.get(name);
    if (found && !found.button.disabled) this.act(name, found.pressed);
    return found !== undefined;
  }

  status(status) {
    for (const each of this.buttons.values()) {
      each.pressed = each.action.pressed?.(status) ?? false;
      if (each.action.toggles) each.button.setAttribute("aria-pressed", String(each.pressed));
      else each.text.textContent = each.pressed ? each.action.other ?? each.action.text : each.action.text;
    }
    this.offer(status.stored?.finished ?? []);
  }

  enable(on) {
    for (const { button } of this.buttons.values()) button.disabled = !on;
    for (const element of $("marker-form").querySelectorAll("button, input")) element.disabled = !on;
  }

  // Links to the files of sessions that have ended; only those that there are.
  async offer(names) {
    if (names.join() === this.finished) return;
    this.finished = names.join();
    const lines = await Promise.all(names.map(async (name) => {
      const there = await Promise.all(FILES.map(async (file) => (await fetch(`/download/${name}/${file}`, { method: "HEAD" })).ok));
      const links = FILES.filter((_, i) => there[i]).map((file) => make("a", { href: `/download/${name}/${file}`, download: `${name}-${file}`, textContent: file }));
      return make("p", {}, make("b", { textContent: `Session ${name}` }), ...links.flatMap((link) => [" ", link]));
    }));
    $("finished").hidden = !lines.length;
    $("finished").replaceChildren(...lines);
  }
}
