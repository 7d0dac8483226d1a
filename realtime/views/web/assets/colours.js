// Colours of expressions, from colours.css.
const SPARE = 4;
let labels = [];
const cache = new Map();

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => cache.clear());

export function setLabels(names) {
  labels = names;
  cache.clear();
}

export function css(name) {
  if (!cache.has(name)) cache.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return cache.get(name);
}

const of = (prefix, label) => css(`--${prefix}${label}`) || css(`--spare-${Math.max(0, labels.indexOf(label)) % SPARE}`);

// On the page, and on the video.
export const colourOf = (label) => of("", label);
export const onVideo = (label) => of("video-", label);

// Black or white, whichever can be read on a colour.
export function ink(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => (parseInt(colour.slice(i, i + 2), 16) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000" : "#fff";
}
