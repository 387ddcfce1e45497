/** What `worktrain run` was asked for. */
import type { Budget } from "../../../config/index.ts";
import type { CoordinatorDeps } from "../../../coordinator/index.ts";

export interface LocalRun {
  readonly task: { readonly kind: "new"; readonly goal: string; readonly workspace: string; readonly workflow: string | null } | { readonly kind: "resume"; readonly item: string };
  readonly places: {
    readonly data: string;
    /** Where data is when nobody says otherwise, and the list of this user's runs in any case. */
    readonly usual: string;
  };
  /** Null: as the task was started, bubblewrap for a new one. */
  readonly sandbox: "bubblewrap" | "weak" | null;
  /** In place of the config's. */
  readonly limits: Partial<Omit<Budget, "session">>;
  readonly model: CoordinatorDeps["model"]["endpoint"];
  readonly path: string;
}
