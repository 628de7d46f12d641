// Elements from tags, attributes and children. Text is always text, never markup.

const SVG = "http://www.w3.org/2000/svg";
const OF_SVG = new Set(["svg", "g", "rect", "circle", "path", "line", "text", "title", "desc"]);

/**
 * Make an element.
 *
 * @param {string} tag such as "button"
 * @param {Object} attributes a function listens ("onclick"); true and false are with and without;
 *   null and undefined are left out; what is not in it are `value` and `checked`, as properties
 * @param {...*} children nodes, texts, numbers, lists of them, or null for nothing
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...flat(children));
  return element;
}

/**
 * Make an SVG element from what a chart describes: `[tag, attributes, ...children]`.
 */
export function drawn([tag, attributes, ...children]) {
  if (!OF_SVG.has(tag)) {
    throw new Error(`no element of a chart: ${tag}`);
  }
  const element = document.createElementNS(SVG, tag);
  setAttributes(element, attributes);
  element.append(...children.map((child) => (Array.isArray(child) ? drawn(child) : child)));
  return element;
}

function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), value);
    } else if (name === "value" || name === "checked") {
      element[name] = value;
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

function flat(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}
