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
  /** Each text stands in the file exactly once. */
  readonly edits: readonly { readonly find: string; readonly replace: string }[];
  /** Which worlds have to notice it. */
  readonly worlds: "sessions" | "items";
}

const packageRoot = join(import.meta.dirname, "..");

export const MUTANTS: readonly Mutant[] = [
  {
    name: "no look-up before a write is repeated",
    file: "src/github/write/effect-runner.ts",
    edits: [{ find: "const late = await lookLate(effect, clock);", replace: "const late = null;" }],
    worlds: "sessions",
  },
  {
    name: "an append is acknowledged before it is synced",
    file: "src/shared/durable-files.ts",
    edits: [{ find: "sync: () => calls.fdatasyncSync(file),", replace: "sync: () => undefined," }],
    worlds: "sessions",
  },
  {
    name: "no look at a newer epoch",
    file: "src/journal/stores/directory.ts",
    edits: [{ find: "if (fs.size(nextPath) === null) return;", replace: "return;" }],
    worlds: "sessions",
  },
  {
    name: "a torn tail is not cut",
    file: "src/journal/stores/directory.ts",
    edits: [{ find: "fs.writeDurably(torn.path, torn.kept);", replace: "" }],
    worlds: "sessions",
  },
  {
    name: "a spend limit is taken for a rate limit",
    file: "src/agent/failure.ts",
    edits: [{ find: "if (isSpendLimit(error, status, said)) {", replace: "if (false) {" }],
    worlds: "items",
  },
  {
    name: "a token that is not taken is not made anew",
    file: "src/hosts/app/installation-client.ts",
    edits: [{ find: "await installation.renew();", replace: "" }],
    worlds: "items",
  },
  {
    name: "where an artifact comes from is not looked at",
    file: "src/hosts/runner/agent/restore.ts",
    edits: [{ find: "run.headBranch === context.run.headBranch;", replace: "true;" }],
    worlds: "items",
  },
  {
    name: "a review's gate fails open",
    file: "src/engine/pipeline/review-cycle.ts",
    edits: [{ find: 'if (open.verdict === "clean") return', replace: "if (true) return" }],
    worlds: "items",
  },
  {
    name: "the label is not read again before publishing",
    file: "src/hosts/runner/deliver/live-state.ts",
    edits: [{ find: "if (!issue.labels.some((label) =>", replace: "if (false && !issue.labels.some((label) =>" }],
    worlds: "items",
  },
  {
    name: "an effect's key differs each time",
    file: "src/delivery/outlets/check-run.ts",
    edits: [{ find: "external_id: key }", replace: "external_id: `${key}-${Math.random()}` }" }],
    worlds: "items",
  },
  {
    name: "a run that finishes what another began makes a check run of its own",
    file: "src/delivery/outlets/check-run.ts",
    edits: [{ find: "return trailers?.item === ticket.item ? trailers.key : ticket.key;", replace: "return ticket.key;" }],
    worlds: "items",
  },
  {
    name: "a delivery that broke off is told as made",
    file: "src/hosts/app/runs/run-ending.ts",
    edits: [{ find: 'const made = delivery === "whole" || isDecided ? there : undefined;', replace: "const made = there;" }],
    worlds: "items",
  },
  {
    name: "the fence is not looked at",
    file: "src/delivery/fence.ts",
    edits: [{ find: "if (startedFrom !== undefined && startedFrom !== now) return", replace: "if (false) return" }, { find: "return goesOn ?", replace: "return true ?" }],
    worlds: "items",
  },
  {
    name: "the workspace is not restored",
    file: "src/coordinator/seat.ts",
    edits: [{ find: "const restored = await deps.workspace.restore(snapshot, (sha256) => deps.journal.getBlob(sha256));", replace: "const restored = { ok: true };" }],
    worlds: "items",
  },
];

/** Loads a mutant's file with its fault in it from now on. @throws Error when a text to replace is not there exactly once */
export function plant({ name, file, edits }: Mutant): void {
  const path = join(packageRoot, file);
  const source = edits.reduce((text, { find, replace }) => {
    const parts = text.split(find);
    if (parts.length !== 2) throw new Error(`The mutant "${name}" fits ${file} ${parts.length - 1} times, not once: bring its text up to date.`);
    return parts.join(replace);
  }, readFileSync(path, "utf8"));
  const url = pathToFileURL(path).href;
  registerHooks({
    load(asked, context, nextLoad) {
      const loaded = nextLoad(asked, context);
      return asked === url ? { ...loaded, source } : loaded;
    },
  });
}
