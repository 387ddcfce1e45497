/** What can be ticked in the status comment: each box is a command, and what it says is what holds now. Pure. */
import type { EndingCode } from "../record/index.ts";
import { unreachable } from "../shared/unreachable.ts";
import { box } from "./boxes.ts";
import { ENDING_WORDS } from "./ending-words.ts";
import type { StatusMarker } from "./status-marker.ts";

/** The command that a box stands for. */
export type BoxCommand =
  | { readonly name: "cancel" | "resume" | "retry" }
  /** The gate as the comment named it: no other is opened by it. */
  | { readonly name: "approve"; readonly gate: string };

/** What of a status view decides on its boxes. */
type Standing =
  | { readonly kind: "starting" | "waiting" | "running" | "refused" }
  | {
      readonly kind: "ended";
      readonly ending: EndingCode;
      readonly progress: { readonly gate: { readonly name: string } | null } | null;
      readonly pullRequest: object | null;
      readonly notBegun?: string | undefined;
      readonly onward?: { readonly kind: "tries-again" | "waits" } | undefined;
    };

/** The boxes, as one list; empty where nothing can be done by one. */
export const statusBoxes = (marker: StatusMarker, view: Standing): readonly string[] => {
  const boxes = controls(marker, view).map(({ command, label }) => box(command.name === "approve" ? `approve ${command.gate}` : command.name, label));
  return boxes.length === 0 ? [] : [boxes.join("\n")];
};

interface Control {
  readonly command: BoxCommand;
  readonly label: string;
}

function controls({ cancel }: StatusMarker, view: Standing): readonly Control[] {
  switch (view.kind) {
    case "starting":
    case "refused":
      return [];
    case "waiting":
    case "running":
      return cancel === undefined ? [{ command: { name: "cancel" }, label: "Cancel" }] : [];
    case "ended":
      return atEnd(view);
    default:
      return unreachable(view);
  }
}

function atEnd({ ending, progress, pullRequest, onward, notBegun }: Extract<Standing, { kind: "ended" }>): readonly Control[] {
  if (onward?.kind === "tries-again") return [{ command: { name: "resume" }, label: "Try again now" }, { command: { name: "cancel" }, label: "Cancel, and do not try it again" }];
  const gate = ending === "awaiting-approval" ? progress?.gate?.name : undefined;
  if (gate !== undefined) return [{ command: { name: "approve", gate }, label: /^gate-\d+-plan-/.test(gate) ? "Approve the plan" : `Approve \`${gate}\`` }];
  if (ending === "awaiting-approval") return [];
  if (ending === "ready") return pullRequest === null ? [{ command: { name: "resume" }, label: "Deliver it again" }] : [];
  const { after } = ENDING_WORDS[ending];
  if (after === "resume") return [{ command: { name: "resume" }, label: notBegun === undefined ? "Go on from what is saved" : "Start a new run" }];
  return after === "retry" ? [{ command: { name: "retry" }, label: "Try again" }] : [];
}

/** Reads what a box stands for; null for none of ours. */
export function readBoxCommand(control: string): BoxCommand | null {
  const [, name, gate] = /^(cancel|resume|retry|approve)(?: (gate-[a-z0-9-]{1,59}))?$/.exec(control) ?? [];
  if (name === "approve") return gate === undefined ? null : { name, gate };
  return gate === undefined && (name === "cancel" || name === "resume" || name === "retry") ? { name } : null;
}
