/** `worktrain replay`: every decision of a log made again and compared. */
import { replayStreams, together, type Difference, type Replayed } from "../../../report/index.ts";
import { canonicalJson } from "../../../shared/json.ts";
import type { CommandResult } from "../command.ts";
import { printable } from "../printable.ts";
import type { OpenedLog } from "./places.ts";

/** Exit code 1 when a decision comes out otherwise than it is recorded; words alone are told, and are none. */
export async function replayLog({ reader, where, redacted }: OpenedLog): Promise<CommandResult> {
  const streams = await replayStreams(reader);
  const { recomputed, differences, notRecomputable } = together(streams);
  const otherwise = differences.filter(({ wordsOnly }) => !wordsOnly);
  const data = {
    same: otherwise.length === 0,
    log: where,
    recomputed,
    differences,
    notRecomputable,
    streams: streams.map(({ stream, recomputed: count, differences: found }) => ({ stream, recomputed: count, differences: found.length })),
    notes: redacted ? ["Secrets were taken out of this copy: a decision on what stood there comes out otherwise."] : [],
  };
  return { exitCode: data.same ? 0 : 1, text: printable(words(data, otherwise)), data };
}

/** Characters of an event in a line for people; `--json` has all of it. */
const SHOWN_CHARS = 300;

const shown = (value: unknown): string => {
  const text = canonicalJson(value);
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}... (${text.length} characters)`;
};

const differenceLines = ({ stream, seq, expected, found }: Difference): readonly string[] => [
  `${stream} seq ${seq}:`,
  `  decided now: ${"refused" in expected ? expected.refused : shown(expected)}`,
  `  in the log:  ${shown(found)}`,
];

function words({ same, log, recomputed, differences, notRecomputable, notes }: { readonly same: boolean; readonly log: string; readonly recomputed: number; readonly differences: readonly Difference[]; readonly notRecomputable: Replayed["notRecomputable"]; readonly notes: readonly string[] }, otherwise: readonly Difference[]): string {
  const wordsOnly = differences.length - otherwise.length;
  return [
    `${log}: ${recomputed} events decided again, ${same ? "all" : `${recomputed - otherwise.length}`} the same`,
    ...(wordsOnly === 0 ? [] : [`${wordsOnly} of them are explained in other words, as another version of WorkTrain does.`]),
    ...otherwise.flatMap(differenceLines),
    ...(same ? [] : ["Either the log was edited (`worktrain verify`), or another version of WorkTrain decided it."]),
    ...notRecomputable.map(({ what, count, reason }) => `  not decided again: ${count} ${what}: ${reason}`),
    ...notes,
  ].join("\n");
}
