// The keys of the window, on the page.
import { $, make } from "./dom.js";

export const KEYS = [
  ["space", "pause and continue"], ["s", "save a snapshot where fer-cam runs"], ["m", "set a marker"], ["1 to 9", "set a named marker"],
  ["b", "blur faces"], ["p", "lesson view on and off"], ["n", "explain the next face, in the lesson view"], ["e", "save the steps as a panel where fer-cam runs"], ["c", "calibrate"], ["f", "full screen on and off"], ["d", "bars on and off"], ["h", "this help"], ["q", "end fer-cam"],
];

const takesText = (element) => element.matches("input:not([type=checkbox]), select, textarea, [contenteditable]");
const takesSpace = (element) => element.matches("button, a, summary, input, select, [role=button]");

export function listen(press) {
  $("keys").append(...KEYS.flatMap(([key, text]) => [make("dt", {}, make("kbd", { textContent: key })), make("dd", { textContent: text })]));
  const on = $("keys-on");
  on.checked = localStorage.getItem("keys") !== "off";
  on.addEventListener("change", () => localStorage.setItem("keys", on.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    if (!on.checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat || takesText(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const key = event.key === " " ? "space" : event.key.toLowerCase();
    if (key === "space" && takesSpace(event.target)) return;
    if (press(key, performance.now() - event.timeStamp)) event.preventDefault();
  });
}
