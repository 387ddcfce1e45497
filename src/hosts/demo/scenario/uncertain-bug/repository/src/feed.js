/** Reads a line of the feed, e.g. `A-17;3;blue chair`. */
export function parseOrder(line) {
  const [id = "", count = "", article = ""] = line.split(";");
  return { id, count: Number(count), article: article.trim() };
}
