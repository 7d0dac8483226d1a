// The server's source: frames, images, state. A frame is acknowledged when it is drawn; the next one comes after that.
import { Connection } from "./connection.js";
import { Pings } from "./pings.js";
import { LESSON, unpack } from "./wire.js";

export class Watch {
  // `on`: hello, frame(frame, image or null, line, size), steps(JPEG), message(of any other type), lost(code, reason).
  constructor(on, { images = true } = {}) {
    this.on = on;
    this.images = images;
    this.frame = null;
    this.line = "";
    this.pings = new Pings((message) => this.connection.say(message));
    this.connection = new Connection(() => "/watch", {
      text: (message, line) => this.text(message, line),
      binary: (buffer) => this.binary(buffer),
      lost: (code, reason) => { this.frame = null; on.lost(code, reason); },
    });
  }

  text(message, line) {
    switch (message.type) {
      case "hello":
        this.withImages = this.images && !message.settings.numbers_only;
        if (!this.images) this.say({ type: "images", on: false });
        this.pings.begin();
        return this.on.hello(message);
      case "frame":
        line = line.replace(/,"at":[^,}]*}$/, "}"); // the line as in a file
        if (this.withImages) [this.frame, this.line] = [message, line];
        else this.drawn(message, null, line);
        return undefined;
      case "pong": return this.pings.pong(message);
      default: return this.on.message(message, line);
    }
  }

  async binary(buffer) {
    const { frame, line } = this, sent = unpack(buffer);
    if (sent?.kind === LESSON) return this.on.steps(sent.jpeg);
    if (frame === null || sent === null) return undefined;
    let image = null;
    try {
      image = await createImageBitmap(sent.jpeg);
    } catch { /* an image that cannot be decoded; its data can be shown */ }
    return this.drawn(frame, image, line, sent);
  }

  drawn(frame, image, line, size) {
    this.on.frame(frame, image, line, size);
    this.say({ type: "ack", frame: frame.frame });
  }

  say(message) { this.connection.say(message); }

  mark(name, agoMs) { this.say({ type: "marker", name, ago_ms: agoMs + this.pings.oneWayMs }); }

  end() {
    this.pings.end();
    this.connection.end();
  }
}
