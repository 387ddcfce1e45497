/** `worktrain verify RUN`: the record of a run as GitHub holds it. */
import { readRun } from "../../../github/read/index.ts";
import { WORKFLOW_PATH } from "../../../intake/index.ts";
import { itemIdSchema, itemStream } from "../../../record/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { explained } from "../github.ts";
import { askRepository, collect, isOurs, tickets, type Asking } from "./github-record.ts";
import type { RunAddress } from "./run-address.ts";
import { lookAtFiles, verdict, type Attested } from "./verify-log.ts";

export const verifyRun = (address: RunAddress, world: CliWorld): Promise<CommandResult> => explained(world, async () => verifyAsked(await ask(address, world)));

async function ask(address: RunAddress, world: CliWorld): Promise<Asking> {
  const place = await askRepository(address, world);
  const { github, repository, facts } = place;
  const run = await readRun(github, repository, address.runId);
  if (run === null) throw new TerminalError(`GitHub shows no run ${address.runId} in ${facts.owner}/${facts.repo}.`, "It was deleted, or its number is another one.");
  return { ...place, run };
}

async function verifyAsked(asking: Asking): Promise<CommandResult> {
  const { run, facts } = asking;
  const item = itemIdSchema.safeParse(run.displayTitle.split(" ")[1]).data ?? null;
  const attested: Attested[] = [
    { what: `run ${run.id} was dispatched from ${WORKFLOW_PATH} on ${facts.defaultBranch} of ${facts.owner}/${facts.repo}`, ok: isOurs(asking, run), by: "GitHub" },
    { what: `it is run ${run.id} of item ${item ?? "(none)"}, first attempt`, ok: item !== null && run.attempt === 1, by: "GitHub" },
  ];
  const { parts, faults } = item === null ? { parts: [], faults: [] } : await collect(asking, item);
  const looked = lookAtFiles(parts);
  for (const fault of faults) looked.survey.fault(fault);
  if (item !== null) attested.push(...(await tickets(asking, item, lookAtFiles(parts).survey.done().events(itemStream(item)))));
  return verdict(run.htmlUrl, looked, attested);
}

