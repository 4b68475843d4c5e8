/**
 * An element with attributes and children: make("li.column", { title: "a" }, "text"). A child that is
 * a string becomes text, never HTML; children and attributes that are null are left out.
 */
export function make(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag);
  element.classList.add(...classes);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
