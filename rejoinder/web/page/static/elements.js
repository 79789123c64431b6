// The page's elements, and the words that they are filled with.

export const $ = (id) => document.getElementById(id);

/** Fill the static page from a table of words: text, accessible names and placeholders. */
export function fillPage(words, root = document) {
  for (const element of root.querySelectorAll("[data-text]")) {
    element.textContent = words[element.dataset.text];
  }
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", words[element.dataset.label]);
  }
  for (const element of root.querySelectorAll("[data-placeholder]")) {
    element.placeholder = words[element.dataset.placeholder];
  }
}
