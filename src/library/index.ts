export { findWorkflow, openLibrary, TEAM_DIRECTORY, workflowSources, type Library, type LibraryPlaces, type WorkflowName, type WorkflowRefusal } from "./library.ts";
export { filterListings, listingOf, listingSchema, listWorkflows, type Listing, type ListingFilter } from "./listing.ts";
export { validatePaths, type FileReport } from "./validate.ts";
