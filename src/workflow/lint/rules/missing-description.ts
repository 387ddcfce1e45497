import type { LintRule } from "../subject.ts";

const FIELDS = {
  about: "In `about` say when to use it, when not, and what comes out.",
  examples: "As `examples` give one to six goals that somebody would really write.",
  category: "As `category` name the kind of work in a word, such as coding or review.",
  tags: "As `tags` add the words somebody would search for.",
} as const;
const EVERY = ["about", "examples", "category", "tags"] as const;
/** Routines and roles are called by others; nobody picks them by what they say of themselves. */
const CALLED = ["category", "tags"] as const;

export const missingDescription: LintRule = {
  code: "missing-description",
  severity: "warning",
  tells: "The workflow has no `about`, `examples`, `category` or `tags`; routines and roles need the last two only.",
  find: ({ root, kind }) => {
    const missing = (kind === "workflow" ? EVERY : CALLED).filter((field) => root[field] === undefined || (Array.isArray(root[field]) && root[field].length === 0));
    if (missing.length === 0) return [];
    return [{ path: [], message: `The workflow has no ${missing.map((field) => `\`${field}\``).join(", ")}.`, fix: missing.map((field) => FIELDS[field]).join(" ") }];
  },
};
