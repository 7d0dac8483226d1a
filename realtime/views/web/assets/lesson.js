// The lesson view: the images of the paper's steps for one face, with captions, below the video.
import { $, make, tell } from "./dom.js";

const STEPS = 6;

export class Lesson {
  // `act(name)` does an action.
  constructor(act) {
    this.message = null;
    this.steps = Array.from({ length: STEPS }, () => {
      const canvas = make("canvas"), title = make("b"), text = make("span");
      canvas.setAttribute("role", "img");
      return { canvas, title, text, element: make("li", {}, make("figure", {}, canvas, make("figcaption", {}, title, text))) };
    });
    $("steps").append(...this.steps.map(({ element }) => element));
    $("next-face").addEventListener("click", () => act("next face"));
    $("panel").addEventListener("click", () => act("panel"));
  }

  // The state of the program. `can`: names of actions.
  show(on, can) {
    $("lesson").hidden = !on;
    $("next-face").hidden = !can.includes("next face");
    $("panel").hidden = !can.includes("panel");
    if (on) return;
    this.message = null;
    $("steps").hidden = $("lesson-end").hidden = true;
  }

  enable(on) { $("next-face").disabled = $("panel").disabled = !on; }

  set mirror(on) { $("steps").classList.toggle("mirrored", on); }

  // Id of the face that is explained.
  get face() { return this.message?.face ?? null; }

  // Which face and the captions; the images follow.
  explain(message) {
    this.message = message;
    const there = message.face !== null;
    tell($("lesson-title"), there ? `Lesson: face #${message.face}, step by step` : "Lesson: no face in the image");
    $("steps").classList.toggle("gone", !there);
    if (there) $("steps").hidden = $("lesson-end").hidden = false;
    message.captions.forEach(([title, text], i) => {
      tell(this.steps[i].title, title);
      tell(this.steps[i].text, text);
      if (this.steps[i].canvas.getAttribute("aria-label") !== title) this.steps[i].canvas.setAttribute("aria-label", title);
    });
  }

  // The images of all steps, side by side.
  async draw(jpeg) {
    let image = null;
    try {
      image = await createImageBitmap(jpeg);
    } catch {
      return; // the next one may be whole
    }
    const side = image.height;
    this.steps.forEach(({ canvas }, i) => {
      if (canvas.width !== side || canvas.height !== side) Object.assign(canvas, { width: side, height: side });
      canvas.getContext("2d").drawImage(image, i * side, 0, side, side, 0, 0, side, side);
    });
    image.close();
  }
}
