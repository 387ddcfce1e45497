import type { ListingIndex } from "../../library/index.ts";
import type { StoredSessions } from "../../session/stored/index.ts";
import type { McpSettings } from "./settings.ts";

/** What the tools work on. */
export interface McpWorld {
  readonly settings: McpSettings;
  readonly packageRoot: string;
  /** Where the server was started: the repository of calls that name no workspace. */
  readonly workingDirectory: string;
  /** Made when the server was bundled; null when it runs from its sources. */
  listingIndex(): ListingIndex | null;
  /** Opened when the first session tool is called. */
  sessions(): Promise<StoredSessions>;
}
