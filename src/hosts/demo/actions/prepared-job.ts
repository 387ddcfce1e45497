import type { ArtifactService } from "./artifacts/artifact-service.ts";
import type { IdentityService } from "./identity/identity-service.ts";
import type { LocalActionsEvent } from "./events.ts";
import type { JobControl } from "./job-control.ts";
import type { JobState } from "./job-state.ts";
import type { LineWriter } from "./line-writer.ts";
import type { LocalActionsOptions } from "./local-actions-options.ts";
import type { PlannedJob } from "./workflow-file.ts";

/** What playing jobs needs and every job shares. */
export interface JobServices {
  readonly options: LocalActionsOptions;
  readonly artifacts: ArtifactService;
  readonly identities: IdentityService;
  /** Never throws. */
  readonly emit: (event: LocalActionsEvent) => void;
  /** Ends everything at once. */
  readonly kill: AbortSignal;
  /** Of the jobs that run now. */
  readonly machines: Set<Machine>;
}

/** What a job runs on. */
export interface Machine {
  readonly runId: number;
  /** Ids of the processes its steps are, in the order they were started. */
  readonly processes: readonly number[];
  /** Aborted when it is lost. */
  readonly lost: AbortController;
}

/** Everything the steps of a job need. */
export interface PreparedJob {
  readonly job: PlannedJob;
  readonly state: JobState;
  readonly control: JobControl;
  /** Given to actions only, never to scripts. */
  readonly actionVariables: Readonly<Record<string, string>>;
  readonly lines: LineWriter;
  readonly services: JobServices;
}
