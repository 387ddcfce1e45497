/**
 * Answers a question about an item's record in a comment: nothing is published, nothing of the item changes.
 *
 * I7. Only what a verified record says is told. I10. Who asked is asked of GitHub again.
 */
import type { Ticket } from "../../../github/trust/index.ts";
import { commentEffect, commentReactionEffect, createEffectRunner } from "../../../github/write/index.ts";
import { explainAnswer, readItemJournal, readStepTitles, replayStreams, verifyAnswer, whyAnswer, itemView, code, quote } from "../../../report/index.ts";
import { TerminalError, type Refusal } from "../../../shared/errors.ts";
import { redactJson } from "../../../shared/redact.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import type { Job } from "./job.ts";
import { liveConfig, readRequester, readState, switchedOff } from "./live-state.ts";
import { takeSegments, type Verified } from "./provenance.ts";
import type { DeliverResult } from "./settings.ts";
import { answeredSummary, refusedSummary } from "./step-summary.ts";

type Ask = NonNullable<Ticket["ask"]>;

export async function answerQuestion(job: Job, ask: Ask): Promise<DeliverResult> {
  // Everything below speaks of the item that is asked about.
  const about = { ...job.admitted, ticket: { ...job.admitted.ticket, item: ask.about } };
  const state = await readState(job.github, about);
  if (!state.ok) return refusedSummary(state.error);
  const config = liveConfig(state.value);
  const may = config.ok ? await readRequester(job.github, about.ticket, { state: state.value, config: config.value, ask: "rest" }) : config;
  const stopped = config.ok ? switchedOff(state.value, config.value) : null;
  if (!may.ok) return refusedSummary(may.error);
  if (stopped !== null) return refusedSummary(stopped);
  const said = await answerOf(job, about, ask);
  const text = said.ok ? said.value : refusalText(said.error);
  if (job.settings.staged) return (await import("./staged.ts")).showStaged(job, { intents: [{ kind: "comment", issueNumber: about.ticket.issueNumber, body: job.redact(text) }], report: null });
  await tell(job, state.value.repository, { text: job.redact(text), done: said.ok });
  return answeredSummary(ask.question, job.redact(text));
}

const refusalText = ({ message, fix }: Refusal): string => `### The record could not be read\n\n${quote(message)}\n\n**What to do:** ${fix}`;

async function answerOf(job: Job, about: Job["admitted"], ask: Ask): Promise<Result<string, Refusal>> {
  if (job.settings.segments.trim() === "[]") return err({ kind: "no-record", message: `No run has saved anything of ${ask.about}, or nothing of it is there any more.`, fix: "See the status comment and the log of its runs." });
  const taken = await takeSegments({ github: job.github, fetch: job.ports.fetch, clock: job.ports.clock }, about, job.settings.segments);
  return taken.ok ? ok(await textOf(job, ask, taken.value)) : taken;
}

async function textOf({ redact }: Job, ask: Ask, { assembled, refs }: Verified): Promise<string> {
  const { reader } = assembled;
  const journal = await readItemJournal(reader, ask.about);
  switch (ask.question) {
    case "why":
      // Redaction changes the content of strings only.
      return whyAnswer(redactJson(redact, itemView(journal)) as ReturnType<typeof itemView>);
    case "explain":
      return explainAnswer(journal, ask.step ?? null, await readStepTitles(journal.sessions.values(), (sha256) => reader.getBlob(sha256)));
    case "verify":
      return verifyAnswer({ lines: assembled.lines.length, artifacts: refs.length, runs: [...new Set(refs.map(({ runId }) => runId))], streams: await replayStreams(reader) });
    default:
      return unreachable(ask.question);
  }
}

async function tell({ access, ports, admitted: { ticket, run } }: Job, { owner, repo }: { readonly owner: string; readonly repo: string }, { text, done }: { readonly text: string; readonly done: boolean }): Promise<void> {
  const { github, publisher } = await access("comment");
  const runner = createEffectRunner({ clock: ports.clock });
  const repository = { owner, repo };
  const commentId = Number(ticket.trigger.id);
  const marker = `<!-- worktrain:answer issue-${ticket.issueNumber} comment=${commentId} -->`;
  const body = [marker, text, `<sub>From the record of ${code(ticket.ask?.about ?? "")} alone, by [this run](${run.htmlUrl}).</sub>`].join("\n\n");
  await runner.apply(commentEffect({ github, repository, issueNumber: ticket.issueNumber, author: { appId: publisher.appId, botLogin: publisher.botLogin } }, { marker, body }));
  try {
    await runner.apply(commentReactionEffect(github, repository, { commentId, content: done ? "+1" : "confused" }));
  } catch (error) {
    // The comment with the command may be gone; its answer stands.
    if (!(error instanceof TerminalError)) throw error;
    ports.log(`No reaction could be set: ${error.message}`);
  }
}
