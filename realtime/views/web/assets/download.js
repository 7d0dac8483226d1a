// The data of the last minutes as files that the page makes itself; columns as in the CSV of fer-cam.
const FRAME = ["source", "frame", "t", "utc", "latency_ms", "dropped"];
const FACE = ["id", "state", "x", "y", "width", "height", "label", "confidence", "quality", "reason", "profile"];

const cell = (value) => {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export const jsonl = (lines) => lines.map(([, , line]) => `${line}\n`).join("");

export function csv(lines, labels, source) {
  const rows = [[...FRAME, ...FACE, ...labels.map((label) => `p_${label}`), ...labels.map((label) => `raw_${label}`)]];
  const blank = new Array(FACE.length + 2 * labels.length).fill("");
  for (const [, record] of lines) {
    if (record.type !== "frame") continue;
    const head = [record.source ?? source, record.frame, record.t, "", record.latency_ms, record.dropped];
    for (const face of record.faces) {
      const of = [face.id, face.state, ...face.box, face.label, face.confidence, face.quality, face.reason, face.profile];
      rows.push([...head, ...of, ...labels.map((label) => face.probs[label]), ...labels.map((label) => face.raw?.[label])]);
    }
    if (!record.faces.length) rows.push([...head, ...blank]);
  }
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

export function save(text, type, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
