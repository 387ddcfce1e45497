/** What `worktrain run` says at its end. */
import { join } from "node:path";
import { estimateWords, spentByItem, type Estimate, type ItemResult } from "../../../coordinator/index.ts";
import { counted, leftOutLines, type LeftOut } from "../../../report/index.ts";
import type { CommandResult } from "../command.ts";
import type { ItemPlace } from "./local-item.ts";
import { goesBack } from "./resumable.ts";

export interface RunReport {
  readonly place: ItemPlace;
  /** The person's clone. */
  readonly source: string;
  readonly data: { readonly directory: string; readonly usual: string };
  readonly result: ItemResult;
  readonly branch: { readonly name: string; readonly sha: string } | null;
  readonly sandbox: "bubblewrap" | "weak";
  /** What was told and not read by any session. */
  readonly undelivered: readonly string[];
  /** What the work changed and no snapshot can hold. */
  readonly leftOut: readonly LeftOut[];
}

/** A word that a shell takes as it is. */
export const shellWord = (text: string): string => (/^[\w./~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** The flag that raises what stopped the work. */
const RAISED_BY: Readonly<Record<string, string>> = {
  budget_turns: " --max-turns N",
  budget_tokens: " --max-tokens N",
  budget_input_tokens: " --max-input-tokens N",
  budget_output_tokens: " --max-output-tokens N",
  budget_cost: " --max-cost USD",
  budget_time: " --max-minutes N",
  budget_tool_time: " --max-tool-minutes N",
};

/** The command that goes on with an item. @param usual where data is when nobody says otherwise */
export const resumeCommand = (item: string, data: string, usual: string, reason = ""): string =>
  `worktrain resume ${item}${RAISED_BY[reason] ?? ""}${data === usual ? "" : ` --data ${shellWord(data)}`}`;

export function runReport(all: RunReport): CommandResult {
  const { place, source, result, branch, sandbox, undelivered, leftOut } = all;
  const { spent } = result;
  const journal = join(place.directory, "journal");
  const sessions = sessionsOf(result);
  const costUsd = spent.costMicroUsd / 1_000_000;
  const done = result.ending === "completed" || result.ending === "decomposed";
  const stopped = result.state.ended !== null && branch === null && !done;
  const goesOn = branch === null && (stopped ? goesBack(result.ending) : !done && result.ending !== "waiting-for-artifacts");
  const resume = goesOn ? resumeCommand(place.name, all.data.directory, all.data.usual, stopped ? "" : result.reason?.code) : null;
  const end =
    branch === null
      ? `${done ? "Completed" : `Stopped (${result.ending})`}: ${result.reason?.message ?? ""} ${result.reason?.fix ?? ""}`.trimEnd()
      : `Ready: branch ${branch.name} (${branch.sha.slice(0, 10)}) in ${source}\nSee it with: git -C ${shellWord(source)} diff ${branch.name}~1 ${branch.name}`;
  const lines = [
    end,
    ...leftOutLines(leftOut),
    ...(!stopped ? [] : [
          ...(resume === null ? [] : [`To go on with it once that is settled: \`${resume} --tell TEXT\`. It goes back to before its latest phase, with --from PHASE to before that one.`]),
          `With another text it is a new task: worktrain run --workspace ${shellWord(source)} --goal TEXT. This one can still be read with \`worktrain report ${place.name}\`.`,
        ]),
    ...(resume === null || stopped ? [] : [`Nothing is lost: \`${resume}\` goes on where it stopped.`]),
    ...undelivered.map((text) => `Not delivered, no session read it any more: ${JSON.stringify(text)}`),
    `${counted(spent.turns, "turn")}, ${spent.tokens.toLocaleString("en-US")} tokens, $${costUsd.toFixed(4)}${unanswered(spent.unansweredMicroUsd)}${expected(result.estimate)}. Journal: ${journal}`,
    ...(sandbox === "weak" ? ["The agent's commands ran without a sandbox (--sandbox weak)."] : []),
  ];
  return {
    exitCode: branch === null && !done ? 1 : 0,
    text: lines.join("\n"),
    data: { item: place.id, name: place.name, ending: result.ending, reason: result.reason, branch: branch?.name ?? null, headSha: branch?.sha ?? null, resume, sandbox, sessions, turns: spent.turns, tokens: spent.tokens, costUsd, unansweredUsd: spent.unansweredMicroUsd / 1_000_000, estimate: inUsd(result.estimate), undelivered, leftOut, journal },
  };
}

/** Only one can be open, the last: what the item spent and the others did not is its own. */
function sessionsOf({ state, spent }: ItemResult) {
  const concluded = spentByItem(state);
  const open = { turns: spent.turns - concluded.turns, tokens: spent.tokens - concluded.tokens, costMicroUsd: spent.costMicroUsd - concluded.costMicroUsd };
  return state.sessions.map(({ sessionId: id, workflowId: workflow, phase, result }) => {
    const { turns, tokens = 0, costMicroUsd } = result ?? open;
    return { id, workflow, phase, outcome: result?.outcome ?? "open", turns, tokens, costUsd: costMicroUsd / 1_000_000 };
  });
}

/** A request without an answer counts with its worst case, which is far more than most are billed. */
const unanswered = (microUsd: number): string => (microUsd === 0 ? "" : `, at most $${(microUsd / 1_000_000).toFixed(4)} of it for requests that were not answered`);

const expected = (estimate: Estimate | null): string => (estimate === null ? "" : ` (expected: ${estimateWords(estimate)})`);

const inUsd = (estimate: Estimate | null) =>
  estimate === null ? null : { lowUsd: estimate.lowMicroUsd / 1_000_000, highUsd: estimate.highMicroUsd / 1_000_000, basis: estimate.basis };
