/** Where a local run keeps an item, and what it has to remember of it to go on later. */
import { existsSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { z } from "zod";
import type { Config } from "../../../config/index.ts";
import type { OpenItem } from "../../../coordinator/index.ts";
import { openingPolicy } from "../../../coordinator/opening-policy.ts";
import { formatItemId, parseItemId } from "../../../record/index.ts";
import { closestName } from "../../../shared/closest-name.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { sha256Hex } from "../../../shared/hash.ts";
import { canonicalJson } from "../../../shared/json.ts";
import type { Clock, Random } from "../../../shared/ports.ts";
import { makePrivateDirectory, readPrivately, writePrivately } from "./private-files.ts";

const savedSchema = z.object({
  v: z.literal(1),
  itemId: z.string(),
  /** The person's clone, its top directory. */
  source: z.string(),
  base: z.object({ ref: z.string(), sha: z.string() }),
  goal: z.string(),
  sandbox: z.enum(["bubblewrap", "weak"]),
  /** The one workflow that is run, and its file when it was named by path. */
  workflow: z.object({ id: z.string(), file: z.string().nullable() }).optional(),
  /** Where the record is kept as well, beside the data directory. */
  record: z.literal("ref").optional(),
  /** Those that flags set, in place of the config's; they hold until a later run sets others. */
  limits: z.partialRecord(z.enum(["turns", "tokens", "inputTokens", "outputTokens", "costMicroUsd", "ms", "toolMs"]), z.number()).optional(),
});

/** What a run was started with. */
export type SavedRun = Readonly<z.infer<typeof savedSchema>>;

/** An item's directory below `items/`, and its name there. */
export interface ItemPlace {
  readonly name: string;
  readonly id: string;
  readonly directory: string;
}

const SAVED = "run.json";

export function newItem(ports: { readonly clock: Clock; readonly random: Random }, dataDirectory: string, workspace: string): ItemPlace {
  const name = `local-${ports.clock.nowMs().toString(36)}${Buffer.from(ports.random.bytes(3)).toString("hex")}`;
  const directory = join(resolve(dataDirectory), "items", name);
  if (!relative(resolve(workspace), directory).startsWith("..")) {
    throw new TerminalError(`The data directory ${resolve(dataDirectory)} lies inside ${resolve(workspace)}.`, "Journals never go into the repository: name another directory with --data.");
  }
  return { name, id: formatItemId({ repositoryId: 0, subject: name, attempt: 1 }), directory };
}

export function saveRun(place: ItemPlace, run: Omit<SavedRun, "v" | "itemId">): void {
  makePrivateDirectory(place.directory);
  writePrivately(place.directory, SAVED, { v: 1, itemId: place.id, ...run } satisfies SavedRun);
}

/**
 * The item that a name, an id or a directory means, and what it was started with.
 * @throws TerminalError when there is none that can be gone on with
 */
export function savedItem(said: string, dataDirectory: string): { readonly place: ItemPlace; readonly saved: SavedRun } {
  const items = join(resolve(dataDirectory), "items");
  const name = parseItemId(said)?.subject ?? said;
  const known = existsSync(items) ? readdirSync(items) : [];
  if (!known.includes(name)) {
    const near = closestName(name, known);
    throw new TerminalError(`There is no item ${JSON.stringify(said)} in ${items}.`, near === null ? "`worktrain run` names its item when it ends; --data names another directory." : `Did you mean ${near}?`);
  }
  const directory = join(items, name);
  const saved = savedSchema.safeParse(readPrivately(directory, SAVED));
  if (!saved.success) throw new TerminalError(`${directory} does not say what it was started with (${SAVED}).`, "Start the task anew with --goal and --workspace.");
  return { place: { name, id: saved.data.itemId, directory }, saved: saved.data };
}

/** The task as the item's record opens with it. */
export function openingOf(place: ItemPlace, saved: Pick<SavedRun, "goal" | "base" | "workflow">, config: Pick<Config, "review" | "pipeline">): OpenItem {
  const [title = "", ...rest] = saved.goal.trim().split("\n");
  const task = { title: title.trim(), body: rest.join("\n").trim() };
  return { itemId: place.id, task: { ...task, sha256: sha256Hex(canonicalJson(task)) }, base: saved.base, maxReviewRounds: config.review.maxRounds, ...(saved.workflow === undefined ? { pipeline: openingPolicy(config), hostChecks: true, sameFindings: "identity" } : { workflowId: saved.workflow.id }) };
}
