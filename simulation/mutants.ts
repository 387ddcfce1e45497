/**
 * Faults that were put into the product on purpose, one at a time: a simulation that does not notice one of them is not worth its
 * time. Each replaces one piece of a source file while it is loaded; nothing on the disk changes.
 */
import { registerHooks } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export interface Mutant {
  readonly name: string;
  /** From the package's root. */
  readonly file: string;
  /** Text that stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Which worlds have to notice it. */
  readonly worlds: "sessions" | "items";
}

const packageRoot = join(import.meta.dirname, "..");

export const MUTANTS: readonly Mutant[] = [
  {
    name: "no look-up before a write is repeated",
    file: "src/github/write/effect-runner.ts",
    find: "const late = await lookLate(effect, clock);",
    replace: "const late = null;",
    worlds: "sessions",
  },
  {
    name: "an append is acknowledged before it is synced",
    file: "src/shared/durable-files.ts",
    find: "sync: () => calls.fdatasyncSync(file),",
    replace: "sync: () => undefined,",
    worlds: "sessions",
  },
  {
    name: "no look at a newer epoch",
    file: "src/journal/stores/directory.ts",
    find: "if (fs.size(nextPath) === null) return;",
    replace: "return;",
    worlds: "sessions",
  },
  {
    name: "a torn tail is not cut",
    file: "src/journal/stores/directory.ts",
    find: "fs.writeDurably(torn.path, torn.kept);",
    replace: "",
    worlds: "sessions",
  },
  {
    name: "a spend limit is taken for a rate limit",
    file: "src/agent/failure.ts",
    find: "if (isSpendLimit(error, status, said)) {",
    replace: "if (false) {",
    worlds: "items",
  },
  {
    name: "a token that is not taken is not made anew",
    file: "src/hosts/app/installation-client.ts",
    find: 'await octokit.auth({ type: "installation", refresh: true });',
    replace: "",
    worlds: "items",
  },
  {
    name: "where an artifact comes from is not looked at",
    file: "src/hosts/runner/agent/restore.ts",
    find: "run.headBranch === context.run.headBranch;",
    replace: "true;",
    worlds: "items",
  },
  {
    name: "a review's gate fails open",
    file: "src/engine/pipeline/next.ts",
    find: 'if (verdictOf(review.data) === "clean") return',
    replace: "if (true) return",
    worlds: "items",
  },
  {
    name: "the label is not read again before publishing",
    file: "src/hosts/runner/deliver/live-state.ts",
    find: "if (!issue.labels.some((label) =>",
    replace: "if (false && !issue.labels.some((label) =>",
    worlds: "items",
  },
  {
    name: "an effect's key differs each time",
    file: "src/delivery/outlets/check-run.ts",
    find: "external_id: ticket.key,",
    replace: "external_id: `${ticket.key}-${Math.random()}`,",
    worlds: "items",
  },
  {
    name: "the workspace is not restored",
    file: "src/coordinator/seat.ts",
    find: "const restored = await deps.workspace.restore(snapshot, (sha256) => deps.journal.getBlob(sha256));",
    replace: "const restored = { ok: true };",
    worlds: "items",
  },
];

/** Loads a mutant's file with its fault in it from now on. @throws Error when the text to replace is not there exactly once */
export function plant({ name, file, find, replace }: Mutant): void {
  const path = join(packageRoot, file);
  const parts = readFileSync(path, "utf8").split(find);
  if (parts.length !== 2) throw new Error(`The mutant "${name}" fits ${file} ${parts.length - 1} times, not once: bring its text up to date.`);
  const url = pathToFileURL(path).href;
  registerHooks({
    load(asked, context, nextLoad) {
      const loaded = nextLoad(asked, context);
      return asked === url ? { ...loaded, source: parts.join(replace) } : loaded;
    },
  });
}
