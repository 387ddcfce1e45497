import type { LibraryPlaces } from "../../library/index.ts";
import type { McpWorld } from "./world.ts";

/** Where a call looks for workflows: the workspace it names, else where the server was started. */
export const placesOf = ({ packageRoot, workingDirectory, settings }: McpWorld, workspacePath: string | undefined): LibraryPlaces => ({
  packageRoot,
  workspace: workspacePath ?? workingDirectory,
  extra: settings.sources,
});
