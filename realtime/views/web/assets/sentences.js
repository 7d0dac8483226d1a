// One sentence for everything that may go wrong, with the remedy.
export const NO_COOKIE = 4401, WRONG_ROLE = 4403, TOO_SLOW = 4408, FINISHED = 1000, ENDS = 1001;

// Closings after which it is useless to try again.
export const FINAL = new Set([NO_COOKIE, WRONG_ROLE]);

export function closing(code, reason) {
  switch (code) {
    case NO_COOKIE: return "This link is no longer valid; open the one that fer-cam printed in its terminal.";
    case WRONG_ROLE: return "This link may only watch; open the link of the page to use a camera.";
    case TOO_SLOW: return reason || "The page was too slow and was disconnected; close other tabs.";
    case FINISHED: return reason || "The video has ended.";
    case ENDS: return "fer-cam has ended; start it again, and this page comes back by itself.";
    default: return "The connection to fer-cam is lost; check that it is running.";
  }
}

export const INSECURE = "This browser gives a page its camera over HTTPS or on localhost only; see “From another machine” in: fer-cam guide browser";
export const UNPLUGGED = "The camera was unplugged; plug it in and choose it again.";
export const HIDDEN = "This tab is hidden, so the browser pauses its camera; show the tab to go on.";

export function cameraError(error) {
  switch (error.name) {
    case "NotAllowedError": return "The camera was denied; allow it beside the address, then choose the camera again.";
    case "NotFoundError": case "OverconstrainedError": return "No camera was found; plug one in and choose the camera again.";
    case "NotReadableError": case "AbortError": return "The camera is busy; close the other program that uses it, then choose it again.";
    default: return `The camera does not start (${error.name}); choose it again.`;
  }
}
