/**
 * A heading as the part of an address.
 * @param {string} heading
 * @returns {string} lower-case words joined by dashes
 */
export function slug(heading) {
  return heading.toLowerCase().replaceAll(" ", "-");
}

/**
 * A heading with capitals as a title has them.
 * @param {string} heading
 * @returns {string}
 */
export function title(heading) {
  return heading
    .split(" ")
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(" ");
}

/**
 * The beginning of a heading.
 * @param {string} heading
 * @param {number} length most characters, the ellipsis not counted
 * @returns {string}
 */
export function shorten(heading, length) {
  return heading.length <= length ? heading : `${heading.slice(0, length)}…`;
}
