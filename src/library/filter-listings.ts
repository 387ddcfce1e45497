import type { Listing } from "./listing.ts";

export interface ListingFilter {
  /** Words that id, name, description, category or tags must all hold. */
  readonly query?: string | undefined;
  readonly category?: string | undefined;
  readonly tag?: string | undefined;
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
