/**
 * The list of workflows without compiling them: from an index of texts that compiled when the package was built. A file whose
 * text is not in the index makes the whole list compile, so the answer is the same, only later.
 */
import { sha256Hex } from "../shared/hash.ts";
import { findWorkflowFiles, readWorkflowText } from "./files.ts";
import type { Listing } from "./listing.ts";
import type { WorkflowSource } from "./sources.ts";

/** Listings by SHA-256 of the file's text, without what only a place on the disk can say. */
export type ListingIndex = Readonly<Record<string, Omit<Listing, "source" | "file">>>;

/** The listings of the sources, or null when the index does not say all of them. */
export function indexedListings(sources: readonly WorkflowSource[], index: ListingIndex): readonly Listing[] | null {
  const listings = new Map<string, Listing>();
  for (const { name, directory } of sources) {
    const { files, faults } = findWorkflowFiles(directory);
    if (faults.length > 0) return null;
    for (const file of files) {
      const text = readWorkflowText(file);
      const digest = text.ok ? sha256Hex(text.value) : "";
      const listed = Object.hasOwn(index, digest) ? index[digest] : undefined;
      if (listed === undefined || listings.has(listed.id)) return null;
      listings.set(listed.id, { ...listed, source: name, file });
    }
  }
  return [...listings.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
