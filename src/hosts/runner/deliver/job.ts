import type { Access, Intent } from "../../../delivery/index.ts";
import type { GitHub } from "../../../github/client.ts";
import type { Redact } from "../../../shared/redact.ts";
import type { Admitted } from "./admit.ts";
import type { DeliverPorts, DeliverSettings } from "./settings.ts";

/** What every part of the job needs once the run is admitted. */
export interface Job {
  readonly settings: DeliverSettings;
  readonly ports: DeliverPorts;
  readonly github: GitHub;
  readonly admitted: Admitted;
  readonly redact: Redact;
  /** What an intent is applied with; what is only read, `github` reads. */
  readonly access: (kind: Intent["kind"]) => Promise<Access>;
}
