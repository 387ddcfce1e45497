import { z } from "zod";
import type { CatalogueEntry } from "../workflow/index.ts";
import type { Library } from "./library.ts";
import type { SourceName } from "./sources.ts";

/** A workflow as lists show it. */
export const listingSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  version: z.string(),
  category: z.string().nullable(),
  tags: z.array(z.string()),
  routine: z.boolean().describe("Other workflows call it; it can be run by itself too."),
  source: z.enum(["bundled", "team", "extra"]),
  file: z.string(),
});
export type Listing = z.infer<typeof listingSchema>;

export function listWorkflows(library: Library): readonly Listing[] {
  return [...library.catalogue.workflows.values()].map((entry) => listingOf(entry, library.sources.get(entry.file) ?? "extra")).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

export function listingOf({ plan, file, isRoutine }: CatalogueEntry, source: SourceName): Listing {
  const { id, name, description, version, category, tags } = plan;
  return { id, name, description, version, category, tags: [...tags], routine: isRoutine, source, file };
}

/** The workflows that somebody would start, as a table in Markdown for the documentation. */
export const workflowsTable = (listings: readonly Listing[]): string =>
  ["| workflow | category | what it does |", "|---|---|---|", ...listings.filter(({ routine, category }) => !routine && category !== "role").map(({ id, category, description }) => `| \`${id}\` | ${category ?? ""} | ${description} |`)].join("\n");
