// Notices of the program, for some seconds, and the label for screen readers.
import { caption } from "./cards.js";
import { make, tell } from "./dom.js";

const STAYS_MS = 7000, MOST = 4, SPEAK_MS = 1500;

export class Messages {
  constructor(list, spoken) {
    this.list = list;
    this.spoken = spoken;
    this.labels = null;
    this.spokeAt = -Infinity;
  }

  say(text) {
    if (this.list.lastElementChild?.textContent === text) this.list.lastElementChild.remove(); // pressed again
    const item = make("li", { textContent: text });
    this.list.append(item);
    while (this.list.children.length > MOST) this.list.firstElementChild.remove();
    setTimeout(() => item.remove(), STAYS_MS);
  }

  // Nothing is known of faces while there is no connection.
  forget() {
    this.labels = null;
    tell(this.spoken, "");
  }

  // Speaks when a label has changed, and not at every frame.
  faces(faces) {
    const labels = faces.map(({ id, label }) => `${id} ${label}`).join(), now = performance.now();
    if (labels === this.labels || now - this.spokeAt < SPEAK_MS) return;
    [this.labels, this.spokeAt] = [labels, now];
    tell(this.spoken, faces.length ? faces.map((face) => `Face ${face.id}: ${caption(face)}`).join(". ") : "No face");
  }
}
