// Measures how far away the server is, so that it can move times of this browser's clock onto its own.
const EVERY_MS = 2000, FIRST = 4; // pings in a row before the first frame

export class Pings {
  constructor(say) {
    this.say = say;
    this.reset();
    this.timer = setInterval(() => this.ping(), EVERY_MS);
  }

  reset() {
    this.last = null;
    this.best = null; // shortest round trip, ms
    this.count = 0;
  }

  // A new connection, perhaps to another start of the server.
  begin() {
    this.reset();
    this.ping();
  }

  get ready() { return this.count >= FIRST; }

  get oneWayMs() { return this.best === null ? 0 : this.best / 2; }

  ping() {
    const message = { type: "ping", sent: performance.now() };
    if (this.last !== null) message.rtt = this.last;
    this.say(message);
  }

  pong({ sent }) {
    this.last = performance.now() - sent;
    this.best = this.best === null ? this.last : Math.min(this.best, this.last);
    this.count += 1;
    if (!this.ready) this.ping();
    else if (this.count === FIRST) this.ping(); // tells the last round trip
  }

  end() { clearInterval(this.timer); }
}
