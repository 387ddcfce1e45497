import { z } from "zod";
import type { CatalogueEntry } from "../workflow/index.ts";
import type { Library, SourceName } from "./library.ts";

/** A workflow as lists show it. */
export const listingSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  version: z.string(),
  category: z.string().nullable(),
  tags: z.array(z.string()),
  source: z.enum(["bundled", "team", "extra"]),
  file: z.string(),
});
export type Listing = z.infer<typeof listingSchema>;

export interface ListingFilter {
  /** Words that id, name, description, category or tags must all hold. */
  readonly query?: string | undefined;
  readonly category?: string | undefined;
  readonly tag?: string | undefined;
}

export function listWorkflows(library: Library): readonly Listing[] {
  return [...library.catalogue.workflows.values()].map((entry) => listingOf(entry, library.sources.get(entry.file) ?? "extra")).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

export function listingOf({ plan, file }: CatalogueEntry, source: SourceName): Listing {
  const { id, name, description, version, category, tags } = plan;
  return { id, name, description, version, category, tags: [...tags], source, file };
}

/** The listings a filter keeps; comparison ignores case. */
export function filterListings(listings: readonly Listing[], { query = "", category, tag }: ListingFilter): readonly Listing[] {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return listings.filter((listing) => {
    const text = [listing.id, listing.name, listing.description, listing.category ?? "", ...listing.tags].join(" ").toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      (category === undefined || listing.category?.toLowerCase() === category.toLowerCase()) &&
      (tag === undefined || listing.tags.some((each) => each.toLowerCase() === tag.toLowerCase()))
    );
  });
}
