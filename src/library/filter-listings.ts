import type { Listing } from "./listing.ts";

export interface ListingFilter {
  /** Words that id, name, description, category or tags must all hold. */
  readonly query?: string | undefined;
  readonly category?: string | undefined;
  readonly tag?: string | undefined;
  /** One of these is enough. */
  readonly tags?: readonly string[] | undefined;
}

/** The listings a filter keeps; comparison ignores case. */
export function filterListings(listings: readonly Listing[], { query = "", category, tag, tags = [] }: ListingFilter): readonly Listing[] {
  const wanted = new Set([...tags, ...(tag === undefined ? [] : [tag])].map((each) => each.toLowerCase()));
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return listings.filter((listing) => {
    const text = [listing.id, listing.name, listing.description, listing.category ?? "", ...listing.tags].join(" ").toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      (category === undefined || listing.category?.toLowerCase() === category.toLowerCase()) &&
      (wanted.size === 0 || listing.tags.some((each) => wanted.has(each.toLowerCase())))
    );
  });
}
