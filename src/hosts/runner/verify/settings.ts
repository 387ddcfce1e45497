import { z } from "zod";
import type { Config } from "../../../config/index.ts";
import { askIdSchema, itemIdSchema } from "../../../record/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import type { FileSystem } from "../../../shared/ports.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { Sandbox, Workspace } from "../../../workspace/index.ts";

/** What the job `verify` knows: no token and no key is among it. */
export interface VerifySettings {
  readonly runId: number;
  readonly runAttempt: number;
  readonly item: string;
  /** The agent job's output. */
  readonly segments: string;
  readonly workspace: string;
  readonly runnerTemp: string;
  readonly toolCache: string | null;
  readonly path: string;
  readonly sandbox: "bubblewrap" | "weak";
}

export interface VerifyPorts {
  readonly fs: FileSystem;
  /** Downloads an artifact of this run into a directory, as one file of its name. */
  readonly download: (artifact: { readonly id: number; readonly directory: string }) => Promise<void>;
  openSandbox(config: Config): Promise<Result<Sandbox, Refusal>>;
  openWorkspace(base: string): Promise<Workspace>;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

const id = z.string().regex(/^\d+$/).transform(Number).pipe(z.int());
const environmentSchema = z.object({ GITHUB_RUN_ID: id, GITHUB_RUN_ATTEMPT: id, GITHUB_WORKSPACE: z.string().min(1), RUNNER_TEMP: z.string().min(1), RUNNER_TOOL_CACHE: z.string().optional(), PATH: z.string().default("") });
const inputsSchema = z.object({ item: z.union([itemIdSchema, askIdSchema]), segments: z.string().min(1), sandbox: z.enum(["bubblewrap", "weak"]) });

/** Parses the job's environment and inputs. @param input reads an action input, "" when it is not set */
export function readVerifySettings(environment: Readonly<Record<string, string | undefined>>, input: (name: string) => string): Result<VerifySettings, Refusal<"bad-settings">> {
  const variables = environmentSchema.safeParse(environment);
  const inputs = inputsSchema.safeParse({ item: input("item"), segments: input("segments"), sandbox: input("sandbox") });
  const [issue] = [...(variables.error?.issues ?? []), ...(inputs.error?.issues ?? [])];
  if (!variables.success || !inputs.success) return err({ kind: "bad-settings", message: `${issue?.path.join(".") ?? ""} is missing or wrong: ${issue?.message ?? ""}.`, fix: "Compare the job verify with templates/worktrain.yml." });
  const { GITHUB_RUN_ID: runId, GITHUB_RUN_ATTEMPT: runAttempt, GITHUB_WORKSPACE: workspace, RUNNER_TEMP: runnerTemp, RUNNER_TOOL_CACHE: toolCache = null, PATH: path } = variables.data;
  return ok({ runId, runAttempt, workspace, runnerTemp, toolCache, path, ...inputs.data });
}
