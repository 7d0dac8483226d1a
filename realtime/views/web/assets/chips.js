// The state of the program in a row, and the sentence that expressions are being read.
import { make, tell } from "./dom.js";

const LATELY_MS = 5000; // over which the dropped rate is measured

const ms = (value) => (value === null || value === undefined ? "–" : `${Math.round(value)}`);

export class Chips {
  constructor(list, banner) {
    this.banner = banner;
    this.items = {};
    for (const name of ["state", "rec", "camera", "rate", "drops", "age", "effort", "provider", "profile"]) {
      const item = this.items[name] = make("li", { className: `chip ${name}`, hidden: true });
      list.append(item);
    }
    this.clear();
  }

  clear() {
    this.drops = []; // [ms, dropped]
    Object.values(this.items).forEach((item) => { item.hidden = true; });
  }

  set(name, text, title = "") {
    const item = this.items[name];
    item.hidden = text === "";
    tell(item, text);
    item.title = title;
  }

  hello({ source }) {
    this.clear();
    this.set("camera", `${source.name}${source.width ? ` · ${source.width}×${source.height}` : ""}`, "source");
  }

  status(status, source) {
    const state = status.paused ? "PAUSED" : status.live ? "LIVE" : `FILE${status.position ? ` ${status.position}` : ""}`;
    this.set("state", state);
    this.items.state.classList.toggle("paused", status.paused);
    this.set("rec", status.recording ? "REC" : "", "a session is being recorded");
    this.set("rate", `${status.fps.toFixed(1)} fps`, "frames processed a second");
    this.set("drops", `${this.dropRate(status.dropped).toFixed(1)} dropped/s`, `${status.dropped} frames were not processed so far`);
    const age = status.age_p50_ms !== null, p50 = age ? status.age_p50_ms : status.latency_ms.p50, p95 = age ? status.age_p95_ms : status.latency_ms.p95;
    this.set("age", `${age ? "age" : "processing"} ${ms(p50)} / ${ms(p95)} ms`, `${age ? "from capture to this page" : "of a frame"}: median / 95th percentile`);
    this.set("effort", `effort ${status.effort}`, "work is reduced where the machine cannot keep up");
    this.set("provider", status.provider, "what computes");
    this.set("profile", status.profile ? `profile ${status.profile}` : "");
    this.say(status.stored, source);
  }

  offline(text) {
    ["rec", "rate", "drops", "age", "effort"].forEach((name) => this.set(name, ""));
    this.set("state", text);
    this.items.state.classList.add("paused");
  }

  dropRate(dropped) {
    const now = performance.now();
    this.drops.push([now, dropped]);
    while (this.drops[0][0] < now - LATELY_MS) this.drops.shift();
    const [at, before] = this.drops[0];
    return now - at > 300 ? Math.max(0, dropped - before) / ((now - at) / 1000) : 0;
  }

  say(stored, source) {
    const paths = (stored.paths ?? []).filter((path, _, all) => !all.some((folder) => path.startsWith(`${folder}/`) || path.startsWith(`${folder}\\`)));
    const where = paths.length ? `: ${paths.join(", ")}` : "";
    const storing = stored.recording ? `A session is being recorded${where}.` : stored.anything ? `Data are being stored${where}.` : "Nothing is stored.";
    this.banner.hidden = false;
    this.banner.classList.toggle("storing", stored.recording || stored.anything);
    tell(this.banner, `Expressions are being read from ${source}. ${storing}`);
  }
}
