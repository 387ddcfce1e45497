export { filterListings, type ListingFilter } from "./filter-listings.ts";
export { inspectionText, inspectWorkflow, type Inspection } from "./inspection.ts";
export type { ListingIndex } from "./indexed-listings.ts";
export { bindingsFaults, findWorkflow, openLibrary, type FoundWorkflow, type Library, type WorkflowName, type WorkflowRefusal } from "./library.ts";
export { listingOf, listingSchema, listWorkflows, workflowsTable, type Listing } from "./listing.ts";
export { workflowSources, type LibraryPlaces, type WorkflowSource } from "./sources.ts";
export { validatePaths, type FileReport } from "./validate.ts";
export { planFinder } from "./plan-finder.ts";
