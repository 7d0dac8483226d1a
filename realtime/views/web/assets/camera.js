// This browser's camera: its frames go to the server one at a time, and come back with faces.
import { Connection } from "./connection.js";
import { Pings } from "./pings.js";
import { cameraError, HIDDEN, INSECURE, UNPLUGGED } from "./sentences.js";
import { pack, unpack } from "./wire.js";

const SIZE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
const QUALITY = 0.85; // of the JPEG; 640x480 in about 50 kB

// The cameras of this browser; their names are known once one was allowed.
export async function cameras() {
  try {
    return (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  } catch {
    return [];
  }
}

export class Camera {
  // `on` as for Watch, and trouble(sentence or null). `device`: an id, or "" for any.
  constructor(on, device) {
    this.on = on;
    this.session = null;
    this.sent = null; // the frame that is not answered yet
    this.lastIndex = -1;
    this.connection = this.stream = null;
    this.ended = this.paused = false;
    this.skipped = 0; // frames that passed during pauses; they are not dropped
    this.status = null;
    this.fault = null; // a sentence; it stays when the answer to the last frame comes after it
    this.hidden = () => this.tell(document.hidden ? HIDDEN : null);
    this.start(device);
  }

  async start(device) {
    if (!isSecureContext || !navigator.mediaDevices) return this.on.trouble(INSECURE);
    try {
      const video = { ...SIZE, ...(device ? { deviceId: { exact: device } } : { facingMode: "user" }) };
      const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      if (this.ended) return stream.getTracks().forEach((track) => track.stop());
      this.stream = stream;
      stream.getVideoTracks()[0].addEventListener("ended", () => this.tell(UNPLUGGED));
      this.name = stream.getVideoTracks()[0].label;
      this.video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, srcObject: stream });
      await this.video.play();
    } catch (error) {
      return this.ended ? undefined : this.on.trouble(cameraError(error));
    }
    if (this.ended) return undefined;
    this.canvas = document.createElement("canvas");
    document.addEventListener("visibilitychange", this.hidden);
    this.pings = new Pings((message) => this.connection.say(message));
    this.connection = new Connection(() => (this.session ? `/camera?session=${this.session}` : "/camera"), {
      text: (message, line) => this.text(message, line),
      binary: (buffer) => this.on.steps(unpack(buffer).jpeg),
      lost: (code, reason) => { this.release(); this.on.lost(code, reason); },
    });
    this.on.started(this);
    return this.next();
  }

  tell(fault) {
    this.fault = fault;
    this.on.trouble(fault);
  }

  next() {
    if (this.ended) return;
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback((now, of) => this.take(of.presentedFrames, of.captureTime ?? now));
    else requestAnimationFrame((now) => this.take(this.lastIndex + this.skipped + 1, now));
  }

  async take(presented, at) {
    this.next();
    if (this.paused) this.skipped = presented - this.lastIndex;
    const index = presented - this.skipped;
    const { videoWidth: width, videoHeight: height } = this.video;
    const ready = this.sent === null && this.greeted && this.connection.idle && this.pings.ready;
    if (!ready || this.paused || !width || index <= this.lastIndex) return;
    this.lastIndex = index;
    const sent = this.sent = { index, image: null };
    try {
      sent.image = await createImageBitmap(this.video);
      Object.assign(this.canvas, { width, height });
      this.canvas.getContext("2d").drawImage(sent.image, 0, 0, width, height);
      const blob = await new Promise((done) => { this.canvas.toBlob(done, "image/jpeg", QUALITY); });
      const jpeg = await blob.arrayBuffer();
      if (this.sent === sent) this.connection.say(pack(index, width, height, at / 1000, jpeg));
    } catch {
      if (this.sent === sent) this.release(); // the camera has gone; its track says so
    }
  }

  text(message, line) {
    switch (message.type) {
      case "hello": {
        const resumed = message.session === this.session;
        this.session = message.session;
        this.greeted = true;
        this.pings.begin();
        message.can.unshift("pause");
        Object.assign(message.source, { name: this.name || "this browser’s camera", width: this.video.videoWidth, height: this.video.videoHeight });
        return this.on.hello(message, resumed);
      }
      case "frame": {
        const image = this.sent?.image ?? null;
        this.sent = null;
        this.on.frame(message, image, line);
        if (this.fault) this.on.trouble(this.fault);
        return undefined;
      }
      case "status":
        this.status = { ...message, paused: this.paused };
        return this.on.message(this.status, line);
      case "refused":
        this.release();
        return this.on.message(message, line);
      case "pong": return this.pings.pong(message);
      default: return this.on.message(message, line);
    }
  }

  release() {
    this.sent?.image?.close();
    this.sent = null;
    if (!this.connection?.open) this.greeted = false;
  }

  say(message) { this.connection?.say(message); }

  // The page stops sending; the program has nothing to pause.
  pause() {
    this.paused = !this.paused;
    if (this.status) this.on.message(Object.assign(this.status, { paused: this.paused }), "");
  }

  mark(name, agoMs) { this.say({ type: "marker", name, ago_ms: agoMs + this.pings.oneWayMs }); }

  end() {
    this.ended = true;
    document.removeEventListener("visibilitychange", this.hidden);
    this.say({ type: "stop" });
    this.pings?.end();
    this.connection?.end();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.release();
  }
}
