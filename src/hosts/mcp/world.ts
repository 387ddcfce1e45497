import type { StoredSessions } from "../../session/stored/index.ts";
import type { McpSettings } from "./settings.ts";

/** What the tools work on. */
export interface McpWorld {
  readonly settings: McpSettings;
  readonly packageRoot: string;
  /** Where the server was started: the repository of calls that name no workspace. */
  readonly workingDirectory: string;
  /** Opened when the first session tool is called. */
  sessions(): Promise<StoredSessions>;
}
