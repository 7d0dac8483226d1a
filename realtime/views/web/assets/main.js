// The page: one source of frames at a time, the server's or this browser's camera, and everything that shows it.
import { Camera, cameras } from "./camera.js";
import { Cards } from "./cards.js";
import { Chips } from "./chips.js";
import { setLabels } from "./colours.js";
import { Controls } from "./controls.js";
import { Cover } from "./cover.js";
import { $, make, tell } from "./dom.js";
import { enter } from "./door.js";
import { csv, jsonl, save } from "./download.js";
import { History } from "./history.js";
import { listen } from "./keys.js";
import { Lesson } from "./lesson.js";
import { Messages } from "./messages.js";
import { closing, FINISHED } from "./sentences.js";
import { Stage } from "./stage.js";
import { Watch } from "./watch.js";

const SERVER = "server", OWN = "own:"; // values of the choice of cameras; an id of a device follows the second
const NONE = "browser"; // the source's name where the server has none

const stage = new Stage($("stage"), $("image")), cover = new Cover(), history = new History();
const chips = new Chips($("chips"), $("banner")), cards = new Cards($("faces"));
const messages = new Messages($("notices"), $("spoken"));
const controls = new Controls(act, mark), lesson = new Lesson(act);
let feed = null, hello = null, mirror = null, summary = null, details = true;

const own = () => feed instanceof Camera;
const sourceName = () => (own() ? "this browser’s camera" : hello.source.live ? `the camera ${hello.source.name}` : hello.source.name);
// The list comes first: the button may be pressed before it is there.
const useOwn = async () => { await listCameras(); $("camera").value = $("camera").querySelector(`[value^="${OWN}"]`).value; choose(); };

const events = {
  hello(message, resumed = false) {
    hello = message;
    summary = null;
    setLabels(hello.labels);
    if (!resumed && cards.labels.join() !== hello.labels.join()) cards.clear(hello.labels);
    stage.setSize(hello.source.width, hello.source.height);
    stage.blur = own() && hello.settings.blur;
    setMirror(mirror ?? hello.settings.mirror);
    chips.hello(hello);
    controls.hello(hello);
    enable(true);
    $("lesson").classList.remove("stale");
    $("ask").hidden = true;
    chips.say(hello.stored, sourceName());
    document.title = `fer-cam: ${hello.source.name}`;
    listCameras();
    if (!own() && hello.source.name === NONE) offerOwn();
    else cover.say("Waiting for the first frame…", { stale: true });
  },
  frame(frame, image, line, size) {
    history.add(frame, line, hello.labels);
    stage.focus = lesson.face;
    stage.show(frame, image, size);
    cards.show(frame, history);
    messages.faces(frame.faces);
    cover.seen();
  },
  steps(jpeg) { lesson.draw(jpeg); },
  message(message, line) {
    switch (message.type) {
      case "status":
        if (own()) stage.blur = message.blur;
        lesson.show(message.lesson, hello.can);
        chips.status(message, sourceName());
        controls.status(message);
        $("paused").hidden = !message.paused;
        tell($("calibrating"), message.calibrating ?? "");
        $("calibrating").hidden = !message.calibrating;
        break;
      case "lesson": lesson.explain(message); break;
      case "marker":
        history.mark(message, line);
        cards.draw(history);
        if (own()) messages.say(message.name ? `marker: ${message.name}` : "marker set"); // the program says so itself
        break;
      case "notice": case "refused": messages.say(message.text); break;
      case "control": showControl(message); break;
      case "summary": summary = message; break;
    }
  },
  lost(code, reason) {
    const counted = summary && code === FINISHED ? ` ${summary.frames} frames were read.` : "";
    cover.say(`${closing(code, reason)}${counted}`, { stale: true });
    chips.offline("NO CONNECTION");
    enable(false);
    $("lesson").classList.add("stale");
    $("paused").hidden = true;
    messages.forget();
    $("ask").hidden = true;
  },
  trouble(text) {
    if (text !== null) cover.say(text, { stale: true });
  },
  started() { listCameras(); },
};

function offerOwn() {
  chips.set("state", "NO CAMERA");
  $("banner").hidden = true;
  if (hello.role === "control") cover.say("fer-cam has no camera of its own here.", { offer: "Use this browser’s camera", onOffer: useOwn });
  else cover.say("fer-cam has no camera of its own here.");
}

// Buttons act for the tab in control only; the others may take over.
function showControl({ mine, free }) {
  const other = !mine && !free, watches = hello?.role !== "control";
  enable(!other);
  $("ask").hidden = !other || watches;
  tell($("ask").firstElementChild, "Another tab is in control; this one watches.");
  $("camera").disabled = watches;
}

function enable(on) {
  controls.enable(on);
  lesson.enable(on);
}

async function listCameras() {
  const found = hello.role === "control" || own() ? await cameras() : [];
  const options = found.some(({ label }) => label) ? found.map(({ deviceId, label }) => [OWN + deviceId, `This browser: ${label}`]) : [[OWN, "This browser’s camera"]];
  if (hello.role !== "control") options.length = 0;
  const select = $("camera"), chosen = own() ? `${OWN}${feed.stream?.getVideoTracks()[0]?.getSettings().deviceId ?? ""}` : SERVER;
  const name = own() ? events.serverName : hello.source.name;
  if (!own()) events.serverName = name;
  const server = [SERVER, name === NONE ? "None at fer-cam" : `fer-cam: ${name}`];
  select.replaceChildren(...[server, ...options].map(([value, text]) => make("option", { value, textContent: text })));
  select.value = chosen;
  if (select.selectedIndex < 0) select.selectedIndex = own() && options.length ? 1 : 0;
}

function choose() {
  const { value } = $("camera");
  feed?.end();
  history.clear();
  cards.clear(hello?.labels ?? []);
  stage.clear();
  cover.forget();
  chips.clear();
  lesson.show(false, []);
  $("paused").hidden = true;
  $("banner").hidden = true;
  if (value === SERVER) {
    cover.say("Connecting…");
    feed = new Watch(events);
  } else {
    cover.say("Waiting for the camera…");
    enable(false);
    feed = new Camera(events, value.slice(OWN.length));
  }
}

function act(name, pressed) {
  if (name === "quit") return $("quit").showModal();
  if (name === "pause" && own()) return feed.pause();
  if (name === "record") return feed.say({ type: "record", on: !pressed });
  return feed.say({ type: "action", action: name });
}

function mark(name, agoMs) { feed.mark(name, agoMs); }

function setMirror(on) {
  stage.mirror = lesson.mirror = on;
  $("mirror").setAttribute("aria-pressed", String(on));
  stage.draw();
}

function toggleDetails() {
  details = !details;
  $("details").setAttribute("aria-pressed", String(details));
  $("faces").classList.toggle("brief", !details);
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else $("stage").requestFullscreen?.().catch(() => messages.say("This browser allows no full screen here."));
}

// Whether the key meant something.
function press(key, agoMs) {
  const own = { f: toggleFullScreen, d: toggleDetails, h: () => $("help").showModal() }[key];
  if (own) return own() ?? true;
  const marks = !$("marker-form").hidden && !$("marker-form").querySelector("button").disabled;
  if (key === "m" && marks) return mark(null, agoMs) ?? true;
  if (/^[1-9]$/.test(key) && marks && controls.markers[key - 1]) return mark(controls.markers[key - 1], agoMs) ?? true;
  const button = { n: $("next-face"), e: $("panel") }[key];
  if (button?.checkVisibility()) return button.click() ?? true;
  const name = { space: "pause", s: "snapshot", b: "blur", c: "calibrate", p: "lesson", q: "quit" }[key];
  return name !== undefined && controls.press(name);
}

function download(of, type, suffix) {
  save(of(history.lines, hello?.labels ?? [], hello?.source.name ?? ""), type, `fer-cam-last-minutes.${suffix}`);
}

async function begin() {
  const refusal = await enter();
  if (refusal !== null) return cover.say(refusal);
  feed?.end();
  feed = new Watch(events);
  return undefined;
}

$("camera").addEventListener("change", choose);
$("mirror").addEventListener("click", () => { mirror = !stage.mirror; setMirror(mirror); });
$("details").addEventListener("click", toggleDetails);
$("full-screen").addEventListener("click", toggleFullScreen);
$("help-button").addEventListener("click", () => $("help").showModal());
$("quit").addEventListener("close", () => { if ($("quit").returnValue === "quit") feed.say({ type: "action", action: "quit" }); });
$("take-over").addEventListener("click", () => feed.say({ type: "take-over" }));
$("save-jsonl").addEventListener("click", () => download(jsonl, "application/jsonl", "jsonl"));
$("save-csv").addEventListener("click", () => download(csv, "text/csv", "csv"));
addEventListener("hashchange", begin); // another link in the same tab
listen(press);
begin();
