// The binary messages of both WebSockets: a header of 24 bytes, little-endian, then a JPEG. See wire.py.
const BYTES = 24, VERSION = 1, JPEG = 1;
export const LESSON = 2; // kind of the images of the lesson view

export function pack(index, width, height, capturedAt, jpeg) {
  const message = new Uint8Array(BYTES + jpeg.byteLength), view = new DataView(message.buffer);
  message.set([0x46, 0x45, 0x52, 0x43, VERSION, JPEG]); // "FERC"
  view.setUint32(8, index >>> 0, true);
  view.setUint32(12, ((width << 16) | height) >>> 0, true);
  view.setFloat64(16, capturedAt, true);
  message.set(new Uint8Array(jpeg), BYTES);
  return message;
}

// Kind, frame number, size of the frame and JPEG of a message; null if it is none. The JPEG may be smaller than the frame.
export function unpack(buffer) {
  if (buffer.byteLength < BYTES) return null;
  const view = new DataView(buffer);
  if (view.getUint32(0, false) !== 0x46455243 || view.getUint8(4) !== VERSION || ![JPEG, LESSON].includes(view.getUint8(5))) return null;
  return { kind: view.getUint8(5), frame: view.getUint32(8, true), width: view.getUint16(14, true), height: view.getUint16(12, true), jpeg: new Blob([new Uint8Array(buffer, BYTES)], { type: "image/jpeg" }) };
}
