/** What must be so after any world, whatever went wrong in it: I1 to I7 of docs/reliability.md, as seen from outside. */
import { branchOf } from "../src/delivery/index.ts";
import { evolveItem, foldItem, lookBack, next } from "../src/engine/pipeline/index.ts";
import { decodeSegment, type Segment } from "../src/journal/index.ts";
import { parseCommitted, type ItemEvent } from "../src/record/index.ts";
import { parseStatusMarker } from "../src/report/status-marker.ts";
import { ACTIONS_LOGIN } from "../src/hosts/demo/github/principal.ts";
import { isPull, type Pull } from "../src/hosts/demo/github/records.ts";
import { APP } from "./github.ts";
import type { StoredSegment } from "./artifacts.ts";
import { MODEL_KEY, type ItemWorld } from "./item-world.ts";
import { modelPrice } from "../src/shared/models.ts";
import type { Trouble } from "./trouble.ts";
import { mended, SUM_FILE } from "./workspace.ts";

/** One thing that must not be, with the invariant it breaks. */
export interface Violation {
  readonly invariant: string;
  readonly what: string;
}

type Check = (world: ItemWorld, all: readonly Stored[]) => readonly string[];

/** Everything that does not hold in a world that is over. */
export function violationsOf(world: ItemWorld): readonly Violation[] {
  const checks: readonly (readonly [string, Check])[] = [
    ["no bug", ({ bugs }) => bugs],
    ["it ends", itEnds],
    ["I1", savedTurnsAreNotRepeated],
    ["I1", filesAreAsTheyWere],
    ["I2", oneOfEach],
    ["I2", deliveriesAreOrdered],
    ["I3", decisionsFollowFromTheLog],
    ["I4", theStatusIsTrue],
    ["I4", everyLabelIsAnswered],
    ["I5", budgetsHold],
    ["I5", aSpendLimitEndsTheRun],
    ["I6", noSecretAnywhere],
    ["I7", onlyOwnRecordsAreGoneOnFrom],
    ["I7", onlyVerifiedWorkIsPublished],
    ["I10", nothingAfterWithdrawal],
  ];
  const all = readAll(world);
  return checks.flatMap(([invariant, check]) => check(world, all).map((what) => ({ invariant, what })));
}

const pullsOf = ({ github }: ItemWorld): readonly Pull[] => [...github.state.issues.values()].filter(isPull);
const has = ({ troubles }: Pick<ItemWorld, "troubles">, ...kinds: readonly Trouble["kind"][]): boolean => troubles.some(({ kind }) => kinds.includes(kind));
const didPerson = ({ troubles }: ItemWorld, ...deeds: readonly string[]): boolean => troubles.some((trouble) => trouble.kind === "person" && deeds.includes(trouble.what));

function itEnds(world: ItemWorld): readonly string[] {
  if (world.end === "late") return ["After three days something still goes on."];
  return world.mustSucceed && pullsOf(world).length === 0 ? ["Nothing stood against it, somebody asked again and again, and there is no pull request."] : [];
}

/** I1: what an acknowledged segment holds is not done again by a later run of the item. */
function savedTurnsAreNotRepeated(world: ItemWorld, all: readonly Stored[]): readonly string[] {
  // What is damaged or gone may be done again, and what its chain led to.
  if (has(world, "artifact", "foreign")) return [];
  const found: string[] = [];
  const byRequest = new Map(world.model.asked.map((turn, index) => [turn.requestId, { turn, index }]));
  const streamOf = new Map(all.flatMap(({ segment }) => segment.lines).flatMap((line) => {
    const [id, stream] = [/"requestId":"(req_\d+)"/.exec(line)?.[1], /"stream":"(session\/[^"]+)"/.exec(line)?.[1]];
    return id === undefined || stream === undefined ? [] : [[id, stream] as const];
  }));
  /** Two reviewers who start blank are asked the same where the change is the same: that repeats no turn. */
  const ofOtherSession = (one: string, other: string): boolean => streamOf.has(other) && streamOf.get(one) !== streamOf.get(other);
  for (const { stored, segment } of all) {
    if (!stored.acknowledged) continue;
    for (const line of segment.lines) {
      const requestId = /"requestId":"(req_\d+)"/.exec(line)?.[1];
      const saved = requestId === undefined ? undefined : byRequest.get(requestId);
      if (saved === undefined) continue;
      const again = world.model.asked.find(
        (turn, index) => index > saved.index && turn.atMs > stored.atMs && startedAfter(turn.process, saved.turn.process) && turn.promptSha256 === saved.turn.promptSha256 && !ofOtherSession(saved.turn.requestId, turn.requestId) && world.runner.runOf.get(turn.process)?.item === segment.item,
      );
      if (again !== undefined) found.push(`The turn ${saved.turn.requestId} of ${saved.turn.process}, saved in ${stored.ref.name}, was asked again by ${again.process}.`);
    }
  }
  return found;
}

/** Processes of a sort are counted in the order they start. What stood still and goes on later knows nothing of the others. */
const startedAfter = (process: string, other: string): boolean => Number(process.split("-")[1]) > Number(other.split("-")[1]);

/** I1: a run that goes on works on the files as the segments it goes on from leave them. */
function filesAreAsTheyWere(world: ItemWorld, all: readonly Stored[]): readonly string[] {
  const byDigest = new Map(all.map((each) => [each.stored.ref.digest, each.segment]));
  const found: string[] = [];
  for (const [process, { id, item }] of world.runner.runOf) {
    const first = world.runner.tools.find((tool) => tool.process === process);
    const opened = all.flatMap(({ segment }) => (segment.runId === id && segment.item === item ? segment.lines.filter((line) => line.includes('"kind":"run_opened"')) : [])).at(-1);
    if (first === undefined || opened === undefined) continue;
    const { data } = JSON.parse(opened) as { readonly data: { readonly segments: readonly string[] } };
    const saved = data.segments.flatMap((digest) => byDigest.get(digest)?.lines ?? []).findLast((line) => line.includes('"kind":"workspace_saved"'));
    const tree = saved === undefined ? null : (JSON.parse(saved) as { readonly data: { readonly tree: string } }).data.tree;
    if (tree !== null && tree !== first.tree) found.push(`${process} goes on with ${item} on tree ${first.tree}; what was saved is ${tree}.`);
  }
  return found;
}

/** I2: one comment, pull request and check run per key; a branch is made once and never moved by us; one key is worked on once. */
function oneOfEach(world: ItemWorld): readonly string[] {
  const { github, model, runner } = world;
  const found: string[] = [];
  const count = (what: string, keys: readonly string[]): void => {
    for (const key of new Set(keys)) {
      const times = keys.filter((each) => each === key).length;
      if (times > 1) found.push(`${times} ${what} with key ${key}`);
    }
  };
  const ours = [...github.state.comments.values()].filter(({ author }) => author === `${APP.slug}[bot]` || author === ACTIONS_LOGIN);
  count("comments", ours.map(({ body, issueId }) => `${issueId} ${/^<!-- (worktrain:status \S+|worktrain:comment \S+ \S+)/.exec(body)?.[1] ?? body}`));
  count("open pull requests", pullsOf(world).filter(({ state }) => state === "open").map(({ pull }) => pull.head.ref));
  count("check runs", [...github.state.checkRuns.values()].map(({ headSha, name }) => `${headSha} ${name}`));
  count("moves by us", github.state.history.flatMap((each) => (each.kind === "push" && each.actor.endsWith("[bot]") && each.ref.startsWith("refs/heads/") ? [each.ref] : [])));
  const worked = new Map<string, Set<number>>();
  for (const { process } of model.asked) {
    const run = runner.runOf.get(process);
    if (run !== undefined) worked.set(run.key, (worked.get(run.key) ?? new Set()).add(run.id));
  }
  for (const [key, runs] of worked) if (runs.size > 1) found.push(`${runs.size} runs worked for the key ${key}.`);
  return found;
}

/** I2: what is committed as delivered goes on from what its run began from. */
function deliveriesAreOrdered(world: ItemWorld, all: readonly Stored[]): readonly string[] {
  return world.github.state.history.flatMap((each) => {
    if (each.kind !== "push" || !each.ref.startsWith("refs/worktrain/") || !each.actor.endsWith("[bot]")) return [];
    const committed = parseCommitted(world.github.git.commit(each.after)?.message ?? "");
    const opened = all.flatMap(({ segment }) => (segment.runId === committed?.run ? segment.lines.filter((line) => line.includes('"kind":"run_opened"')) : [])).at(-1);
    if (committed === null || opened === undefined) return [`${each.ref} was moved to ${each.after}, which no run of ours wrote.`];
    const { data } = JSON.parse(opened) as { readonly data: { readonly committed?: string | null } };
    const before = /^0+$/.test(each.before) ? null : each.before;
    return data.committed === before ? [] : [`Run ${committed.run} moved ${each.ref} from ${before ?? "nothing"}; it began from ${data.committed ?? "nothing"}.`];
  });
}

interface Stored {
  readonly stored: StoredSegment;
  readonly segment: Segment;
}

/** What was stored, read once. */
const readAll = ({ artifacts }: ItemWorld): readonly Stored[] =>
  artifacts.stored.flatMap((stored) => {
    const segment = decodeSegment(stored.bytes);
    return segment.ok ? [{ stored, segment: segment.value }] : [];
  });

/** The item's events as each chain of segments holds them that nothing goes on from. */
function chainsOf(all: readonly Stored[]): readonly { readonly item: string; readonly events: readonly ItemEvent[] }[] {
  const byDigest = new Map(all.map((each) => [each.stored.ref.digest, each]));
  const goneOnFrom = new Set(all.map(({ segment }) => segment.previous));
  return all.flatMap((last) => {
    if (goneOnFrom.has(last.stored.ref.digest)) return [];
    const lines: string[][] = [];
    for (let each: Stored | undefined = last; each !== undefined; each = byDigest.get(each.segment.previous ?? "")) lines.unshift([...each.segment.lines]);
    return [{ item: last.segment.item, events: lines.flat().flatMap((line) => (line.includes('"stream":"item/') ? [JSON.parse(line) as ItemEvent] : [])) }];
  });
}

/** I3: each decision in the log is the one its past leads to. */
function decisionsFollowFromTheLog(_world: ItemWorld, all: readonly Stored[]): readonly string[] {
  const found: string[] = [];
  for (const { item, events } of chainsOf(all)) {
    let state = foldItem([]);
    for (const [index, event] of events.entries()) {
      const before = state;
      state = evolveItem(before, event);
      if (event.kind !== "session_scheduled" && event.kind !== "item_ended") continue;
      // What looks back on an item is scheduled after its end was decided.
      const action = lookBack(before) ?? next(before);
      if (event.kind === "session_scheduled" && !(action.kind === "run-session" && action.phase === event.data.phase && action.round === event.data.round)) found.push(`${item}: event ${index + 1} schedules ${event.data.phase} ${event.data.round} where the log leads to ${action.kind}.`);
      // A run that was refused before it worked says so whatever the pipeline is at.
      if (event.kind === "item_ended" && event.data.outcome === "deliver" && !(action.kind === "deliver" && action.snapshot.tree === event.data.snapshot?.tree)) found.push(`${item}: event ${index + 1} delivers where the log leads to ${action.kind}.`);
    }
  }
  return found;
}

/** I4: what the status comment says at the end is so. */
function theStatusIsTrue(world: ItemWorld): readonly string[] {
  const found: string[] = [];
  const status = world.people.statusComments()[0];
  const marker = status === undefined ? null : parseStatusMarker(status.body);
  const pulls = pullsOf(world);
  for (const check of world.github.state.checkRuns.values()) {
    if (check.conclusion === "success" && !pulls.some(({ pull }) => pull.head.sha === check.headSha || didPerson(world, "push-branch"))) found.push(`The check run ${check.id} is green on ${check.headSha}, which no pull request has.`);
  }
  // An App that missed something looks every ten minutes for what that was; one whose comment was lost with it finds the label.
  const missed = didPerson(world, "unlabel", "close") && world.troubles.some((trouble) => (trouble.kind === "webhook" && trouble.what === "lost") || (trouble.kind === "kill" && trouble.who === "app") || trouble.kind === "outage");
  const shut = didPerson(world, "archive");
  if (marker !== null && !missed && !shut && ["starting", "waiting", "running"].includes(marker.state)) found.push(`Nothing runs and the status comment says ${marker.state}.`);
  if (status !== undefined && marker?.state === "ended" && /made pull request #(\d+)/.test(status.body)) {
    const number = Number(/made pull request #(\d+)/.exec(status.body)?.[1]);
    const pull = pulls.find((each) => each.number === number);
    if (pull === undefined) found.push(`The status comment speaks of pull request ${number}, which is not there.`);
    else if (!didPerson(world, "push-branch") && ![...world.github.state.checkRuns.values()].some(({ headSha, status: state }) => headSha === pull.pull.head.sha && state === "completed")) found.push(`The status comment says that pull request ${number} was made, and its check run is not there.`);
  }
  if (status === undefined && !missed && !shut && world.runner.ends.length > 0 && !didPerson(world, "delete-comment")) found.push("A run was made and there is no status comment.");
  return found;
}

/** I5: what an item's sessions spent, by what the model gave out. */
function budgetsHold(world: ItemWorld): readonly string[] {
  // What a killed run spent and did not save cannot be counted, nor what one spends that was taken for lost.
  if (has(world, "kill", "freeze", "upload", "artifact", "cancel", "disk", "foreign")) return [];
  const price = modelPrice("claude-sonnet-5-5");
  const found: string[] = [];
  const spent = Map.groupBy(world.model.asked, ({ process }) => world.runner.runOf.get(process)?.item ?? "");
  for (const [item, turns] of spent) {
    const answered = turns.filter(({ answered: whole }) => whole);
    if (answered.length > world.budget.turns) found.push(`${item}: ${answered.length} turns of ${world.budget.turns}.`);
    const microUsd = price.ok ? answered.reduce((sum, turn) => sum + turn.inputTokens * price.value.input + turn.outputTokens * price.value.output, 0) : 0;
    if (microUsd > world.budget.costUsd * 1_000_000) found.push(`${item}: ${microUsd} of ${world.budget.costUsd * 1_000_000} millionths of a dollar.`);
  }
  return found;
}

/** I5: where there is no more money, asking again only makes it worse. */
function aSpendLimitEndsTheRun(world: ItemWorld): readonly string[] {
  return world.model.asked.flatMap((turn, index) => {
    const again = turn.spendLimit ? world.model.asked.slice(index + 1).find(({ process }) => process === turn.process) : undefined;
    return again === undefined ? [] : [`${turn.process} asked the model again after its spend limit.`];
  });
}

/** How long the App may take with a label while GitHub's rate limits are waited out. */
const ANSWER_MS = 10 * 60_000;

/** I4: a label by somebody who may start work has its sign on the issue: a reaction, and a status comment made or changed. */
function everyLabelIsAnswered(world: ItemWorld): readonly string[] {
  const silenced = world.people.withdrawnMs !== null || has(world, "outage", "webhook", "kill", "clock") || didPerson(world, "delete-comment", "edit-issue", "re-run") || world.troubles.some((trouble) => (trouble.kind === "request" || trouble.kind === "write") && ["lost", "bad-gateway", "answer-lost-and-lists-late"].includes(trouble.what));
  if (silenced) return [];
  const { history } = world.github.state;
  const labels = history.filter((each) => each.kind === "issues" && each.action === "labeled");
  return labels.flatMap((label) => {
    const atMs = Date.parse(label.at);
    const answered = history.some((each) => each.kind === "issue_comment" && each.actor === `${APP.slug}[bot]` && Date.parse(each.at) >= atMs && Date.parse(each.at) <= atMs + ANSWER_MS);
    // While a run goes, a label changes nothing.
    const working = world.runner.wentAt(atMs - world.epochMs);
    return answered || working ? [] : [`Nothing was said to the label of ${label.at}.`];
  });
}

/** I6: what only its holder may know is in nothing that left a process. */
function noSecretAnywhere(world: ItemWorld, all: readonly Stored[]): readonly string[] {
  const { github, runner } = world;
  const secrets = [MODEL_KEY, ...runner.tokens];
  const texts: string[] = [...github.state.comments.values()].map(({ body }) => body);
  for (const { title, body } of github.state.issues.values()) texts.push(title, body ?? "");
  for (const { output } of github.state.checkRuns.values()) texts.push(output.summary ?? "", output.text ?? "");
  for (const { segment } of all) texts.push(...segment.lines, ...segment.blobs.map((blob) => Buffer.from(blob.bytes).toString()));
  return texts.some((text) => secrets.some((secret) => text.includes(secret))) ? ["A secret stands in an artifact, comment, check or pull request."] : [];
}

/** I7: what a run goes on from was stored by a run of ours. */
function onlyOwnRecordsAreGoneOnFrom(world: ItemWorld, all: readonly Stored[]): readonly string[] {
  const ours = new Set(world.artifacts.stored.map(({ ref }) => ref.digest));
  return all.flatMap(({ segment }) =>
    segment.lines.flatMap((line) => {
      if (!line.includes('"kind":"run_opened"')) return [];
      const { data } = JSON.parse(line) as { readonly data: { readonly runId: number; readonly segments: readonly string[] } };
      return data.segments.flatMap((digest) => (ours.has(digest) ? [] : [`Run ${data.runId} goes on from segment ${digest.slice(0, 12)}, which nobody of ours stored.`]));
    }),
  );
}

/** I7: what is published is what a genuine workspace saved, mended, verified and cleanly reviewed. */
function onlyVerifiedWorkIsPublished(world: ItemWorld): readonly string[] {
  const { github, runner, findings } = world;
  const found: string[] = [];
  for (const each of github.state.history) {
    if (each.kind !== "push" || each.actor !== ACTIONS_LOGIN || !each.ref.startsWith("refs/heads/")) continue;
    const commit = github.git.commit(each.after);
    const file = github.git.files(each.after)?.get(SUM_FILE);
    const text = new TextDecoder().decode(github.git.bytes(file?.id ?? "") ?? new Uint8Array());
    if (commit === null || !runner.savedTrees.has(commit.tree)) found.push(`${each.ref} holds the tree ${commit?.tree ?? "(none)"}, which no workspace saved.`);
    else if (!mended(text)) found.push(`${each.ref} holds a change whose tests fail.`);
    else if (Number(/\/\/ (\d+)/.exec(text)?.[1] ?? 0) <= findings) found.push(`${each.ref} holds a change that its review did not pass: ${text.trim()}`);
  }
  for (const { item } of runner.runOf.values()) {
    const pull = pullsOf(world).find(({ pull: { head } }) => head.ref === branchOf(item));
    if (pull !== undefined && pull.author !== ACTIONS_LOGIN) found.push(`Pull request ${pull.number} is by ${pull.author}.`);
  }
  return found;
}

/** The longest way of a write from the last look at who may, to GitHub and back. */
const UNDER_WAY_MS = 3_000;

/** I10: what a person took back is not published any more. */
function nothingAfterWithdrawal(world: ItemWorld): readonly string[] {
  const { withdrawnMs } = world.people;
  if (withdrawnMs === null) return [];
  const lastMs = withdrawnMs + UNDER_WAY_MS;
  return world.github.state.history.flatMap((each) => {
    const isPublished = each.actor === ACTIONS_LOGIN && ((each.kind === "pull_request" && each.action === "opened") || (each.kind === "push" && each.ref.startsWith("refs/heads/")) || (each.kind === "check_run" && each.action === "created"));
    return isPublished && Date.parse(each.at) - world.epochMs > lastMs ? [`A ${each.kind} was made ${Date.parse(each.at) - world.epochMs - withdrawnMs} ms after the work was taken back.`] : [];
  });
}
