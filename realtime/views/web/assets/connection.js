// A WebSocket that comes back by itself.
import { FINAL } from "./sentences.js";

const FIRST_MS = 500, LONGEST_MS = 8000;

export class Connection {
  // `path` is called for every attempt. Handlers: text(message), binary(buffer), open(), lost(code, reason).
  constructor(path, handlers) {
    this.path = path;
    this.handlers = handlers;
    this.socket = null;
    this.wait = FIRST_MS;
    this.timer = 0;
    this.ended = false;
    this.wake = () => { if (!document.hidden && this.timer) this.attempt(); };
    document.addEventListener("visibilitychange", this.wake);
    addEventListener("online", this.wake);
    this.attempt();
  }

  attempt() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.ended) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = this.socket = new WebSocket(`${scheme}://${location.host}${this.path()}`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      this.wait = FIRST_MS;
      if (typeof data === "string") this.handlers.text(JSON.parse(data), data);
      else this.handlers.binary?.(data);
    };
    socket.onopen = () => this.handlers.open?.();
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.socket || this.ended) return;
      this.socket = null;
      this.handlers.lost(code, reason);
      if (FINAL.has(code)) return this.end();
      this.timer = setTimeout(() => this.attempt(), this.wait);
      this.wait = Math.min(2 * this.wait, LONGEST_MS);
    };
  }

  get open() { return this.socket?.readyState === WebSocket.OPEN; }

  // Whether what was sent before has left; a camera does not send into a full pipe.
  get idle() { return this.open && this.socket.bufferedAmount === 0; }

  say(message) { if (this.open) this.socket.send(message instanceof Uint8Array ? message : JSON.stringify(message)); }

  end() {
    this.ended = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.wake);
    removeEventListener("online", this.wake);
    this.socket?.close();
    this.socket = null;
  }
}
