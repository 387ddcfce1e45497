/** What `worktrain run` and `worktrain resume` were asked for. */
import type { Budget } from "../../../config/index.ts";
import type { CoordinatorDeps } from "../../../coordinator/index.ts";
import { usableDataDirectory } from "../../../shared/data-directory.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { Call, CliEnvironment, CliWorld } from "../command.ts";
import { sandboxMode } from "../sandbox-mode.ts";
import { readLimits } from "./limit-flags.ts";

/** How a task goes on. */
export interface GoOn {
  /** Back to before that phase, null to before the latest; absent where it goes on at the place where it was left. */
  readonly retry?: NonNullable<CoordinatorDeps["retry"]>;
  /** What a person says to the session that works next. */
  readonly tell?: string;
}

export interface LocalRun {
  readonly task: { readonly kind: "new"; readonly goal: string; readonly workspace: string; readonly workflow: string | null; readonly record: "ref" | null } | ({ readonly kind: "resume"; readonly item: string } & GoOn);
  readonly places: {
    readonly data: string;
    /** Where data is when nobody says otherwise, and the list of this user's runs in any case. */
    readonly usual: string;
  };
  /** Null: as the task was started, bubblewrap for a new one. */
  readonly sandbox: "bubblewrap" | "weak" | null;
  /** In place of the config's. */
  readonly limits: Partial<Omit<Budget, "session" | "phases">>;
  readonly model: CoordinatorDeps["model"]["endpoint"];
  readonly path: string;
}

/** The options that both commands have, and the environment. @throws TerminalError naming what is wrong */
export function askedRun(call: Call, world: CliWorld, { model, path, dataDirectory }: CliEnvironment, task: LocalRun["task"]): LocalRun {
  const sandbox = call.text("sandbox");
  return {
    task,
    places: { data: usableDataDirectory(call.text("data") ?? dataDirectory), usual: usableDataDirectory(dataDirectory) },
    sandbox: sandbox === undefined ? null : sandboxMode(sandbox),
    limits: readLimits(call),
    model: { ...model(), fetch: world.fetch },
    path,
  };
}

/** @throws TerminalError when the model would be asked without a key */
export function needKey({ model }: LocalRun): void {
  if (model.apiKey === "" && model.provider === undefined) throw new TerminalError("ANTHROPIC_API_KEY is not set.", "Set it to a key of the Anthropic API.");
}
