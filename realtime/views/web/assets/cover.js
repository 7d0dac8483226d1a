// What stands over the image when there is none, or an old one.
import { $, make, tell } from "./dom.js";

export class Cover {
  constructor() {
    this.seenAt = null; // when the newest frame was drawn
    this.text = make("p");
    this.ago = make("p", { className: "ago" });
    this.button = make("button", { type: "button", hidden: true });
    this.text.setAttribute("role", "status"); // without the seconds, which a screen reader would read one after another
    $("cover").replaceChildren(this.text, this.ago, this.button);
    this.say("Connecting…");
    setInterval(() => this.tick(), 500);
  }

  // `stale`: whether an old image is shown below it.
  say(text, { stale = false, offer = null, onOffer = null } = {}) {
    tell(this.text, text);
    this.stale = stale && this.seenAt !== null;
    $("stage").classList.toggle("stale", this.stale);
    this.button.hidden = offer === null;
    this.button.textContent = offer ?? "";
    this.button.onclick = onOffer;
    $("cover").hidden = false;
    this.tick();
  }

  hide() {
    if ($("cover").hidden) return;
    $("cover").hidden = true;
    $("stage").classList.remove("stale");
  }

  seen() {
    this.seenAt = performance.now();
    this.hide();
  }

  forget() { this.seenAt = null; }

  tick() {
    const seconds = this.seenAt === null ? 0 : Math.round((performance.now() - this.seenAt) / 1000);
    tell(this.ago, this.stale && !$("cover").hidden ? `last seen ${seconds} s ago` : "");
  }
}
