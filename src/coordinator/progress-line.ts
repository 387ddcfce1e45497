import { unreachable } from "../shared/unreachable.ts";
import type { ItemProgress } from "./deps.ts";
import { estimateWords } from "./estimate.ts";

/** One line for a terminal or a job log; null for what is not worth a line. */
export function progressLine(progress: ItemProgress): string | null {
  switch (progress.kind) {
    case "estimate":
      return `Estimated cost: ${estimateWords(progress.estimate)} (${progress.estimate.basis}).`;
    case "mode":
      return `Pipeline ${progress.mode}: ${printable(progress.why.join("; "))}`;
    case "host-command":
      return `${progress.why}: ${printable(progress.command)}`;
    case "phase":
      return `${progress.phase}${progress.round > 1 ? ` (round ${progress.round})` : ""}: session ${progress.sessionId}${progress.resumed ? ", resumed" : ""}`;
    case "step":
      return `  ${progress.phase} · ${progress.title}`;
    case "tool":
      return `  ${progress.phase} · ${progress.step} · ${progress.tool}`;
    case "turn":
      return `  ${progress.phase} · ${progress.step} · turn ${progress.turns}, ${progress.tokens.toLocaleString("en-US")} tokens, $${(progress.costMicroUsd / 1_000_000).toFixed(4)}`;
    case "wait":
      return `  ${progress.phase} · ${progress.step} · waiting: ${printable(progress.reason)} Next try in ${Math.max(1, Math.round(progress.ms / 1000))} s.`;
    case "blocked":
      return `  ${progress.phase} · ${progress.step} · not done yet: ${printable(progress.messages.join(" "))}`;
    case "helper":
      return `  ${progress.phase} · ${progress.role}${progress.outcome === null ? "" : ` ${progress.outcome}`}: session ${progress.sessionId}`;
    case "slice":
      return `  slice ${progress.sliceId}: ${SLICE_WORDS[progress.how]}`;
    case "left-out":
      return `Left out: ${progress.what}. ${printable(progress.why)}`;
    case "prompt":
    case "saved":
      return null;
    default:
      return unreachable(progress);
  }
}

const SLICE_WORDS = { nothing: "changed nothing", "fast-forward": "integrated, nothing else had changed", merged: "merged into the whole", resolved: "integrated, its conflict resolved", conflict: "conflicts with what is integrated" } as const;

/** The end of a command's output may stand in it: escape sequences and carriage returns would rewrite the terminal. */
const printable = (text: string): string => text.replace(/(?![\n\t])\p{Cc}/gu, "");
