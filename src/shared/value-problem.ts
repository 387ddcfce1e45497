/** Levels of nesting of a value; keeps every recursive walk over it safe. */
const VALUE_NESTING_LIMIT = 64;

/** What keeps a value from being plain JSON within the nesting limit; null when nothing does. Walks with an own stack. */
export function valueProblem(root: unknown): string | null {
  const stack: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }];
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { value, depth } = entry;
    if (value === null || typeof value === "string" || typeof value === "boolean") continue;
    if (typeof value === "number") {
      if (!Number.isFinite(value)) return `the number ${value}`;
      continue;
    }
    if (typeof value !== "object") return `a value of type ${typeof value}`;
    if (depth >= VALUE_NESTING_LIMIT) return `more than ${VALUE_NESTING_LIMIT} levels of nesting`;
    if (Object.hasOwn(value, "__proto__")) return "__proto__";
    for (const member of Object.values(value)) stack.push({ value: member, depth: depth + 1 });
  }
  return null;
}
