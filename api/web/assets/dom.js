// Builds elements; texts are never read as markup.

/**
 * Makes an element.
 * @param {string} tag
 * @param {Object} [attributes] names beginning with "on" are listeners, `class` and `data-*` as in markup; null and
 *   false leave an attribute out, true sets it empty
 * @param {...(Node|string|number|null)} children
 */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Makes an SVG element, as `el` does. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** Puts children in place of whatever an element holds. */
export function replace(parent, ...children) {
  parent.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
}

/** Finds the one element that a selector names; fails loudly where a template and its module disagree. */
export function find(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

/** Shows text in an element and hides the element when there is none. */
export function say(element, text) {
  write(element, text);
  element.hidden = !text;
}

/** Writes text only where it is another: what is read aloud would be read again. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2).toLowerCase(), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false).map(asNode));
  return element;
}

function asNode(child) {
  return child instanceof Node ? child : String(child);
}
