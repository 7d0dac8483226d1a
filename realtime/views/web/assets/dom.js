// Makes elements without markup in strings.
export const $ = (id) => document.getElementById(id);

export function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

// Sets a text only if it has changed: a page at 30 frames a second should not lay out for nothing.
export function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
