/** `list_workflows`, which is what a client asks first: it loads the compiler only when the index does not say everything. */
import type { z } from "zod";
import { filterListings } from "../../library/filter-listings.ts";
import { indexedListings } from "../../library/indexed-listings.ts";
import { bindingsFiles, workflowSources, type LibraryPlaces } from "../../library/sources.ts";
import { inWords } from "../../shared/errors.ts";
import { placesOf } from "./places.ts";
import type { listInput, ToolAnswer } from "./shapes.ts";
import type { McpWorld } from "./world.ts";

export async function list(world: McpWorld, input: z.infer<typeof listInput>): Promise<ToolAnswer> {
  const places = placesOf(world, input.workspacePath);
  const index = world.listingIndex();
  // What is wrong with a team's bindings only reading them can say.
  const indexed = index === null || bindingsFiles(places.workspace).length > 0 ? null : indexedListings(workflowSources(places), index);
  const { listings, faults } = indexed === null ? await compiled(places) : { listings: indexed, faults: [] };
  const workflows = filterListings(listings, input);
  const lines = workflows.map((each) => `- ${each.id} (${each.version}, ${each.source}): ${each.description}`);
  const left = faults.length === 0 ? [] : [`Left out because of faults:\n${faults.join("\n")}`];
  return { text: [workflows.length === 0 ? "No workflow fits." : lines.join("\n"), ...left].join("\n\n"), data: { workflows, faults }, isError: false };
}

async function compiled(places: LibraryPlaces) {
  const { listWorkflows, openLibrary } = await import("../../library/index.ts");
  const library = openLibrary(places);
  return { listings: listWorkflows(library), faults: library.faults.map((fault) => `${fault.file}:${fault.line}:${fault.column}: ${inWords(fault)}`) };
}
