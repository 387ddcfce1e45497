/** Boxes of the status comment: each reads back as the command that it stands for, and a text can forge none. */
import { describe, expect, it } from "vitest";
import { endingCodeSchema } from "../../src/record/index.ts";
import { box, newlyTicked, tickedBoxes, untick } from "../../src/report/boxes.ts";
import { readBoxCommand, statusBoxes } from "../../src/report/status-controls.ts";
import { statusComment, statusOutput, type StatusView } from "../../src/report/status-comment.ts";
import type { StatusMarker } from "../../src/report/status-marker.ts";

const marker: StatusMarker = { issueNumber: 12, attempt: 1, continuation: 0, key: "ab".repeat(16), state: "ended", runId: 7, labelledAt: "2026-01-01T00:00:00Z", at: null, recreated: false };
const GATE = "gate-31-code-1-8dbf2163b3b83e82";
const ended = (more: Partial<Extract<StatusView, { kind: "ended" }>>): StatusView => ({ kind: "ended", runUrl: "https://x/runs/7", progress: null, ending: "budget", pullRequest: null, deliverUrl: null, ...more });
const at = (name: string | null) => ({ phases: [], at: { phase: "code" as const, step: "x" }, costMilliUsd: 0, asOf: null, segments: 1, ending: null, gate: name === null ? null : { phase: "code" as const, name, openedAt: null } });
const labels = (view: StatusView, more: Partial<StatusMarker> = {}): readonly string[] => statusBoxes({ ...marker, ...more }, view).flatMap((list) => list.split("\n").map((line) => line.replace(/^- \[ \] <!-- worktrain:do (.*) --> (.*)$/, "$1: $2")));

describe("does the comment offer what its state allows?", () => {
  it.each<[string, StatusView, Partial<StatusMarker>, readonly string[]]>([
    ["at work", { kind: "running", runUrl: "https://x", progress: null }, {}, ["cancel: Cancel"]],
    ["being cancelled", { kind: "running", runUrl: "https://x", progress: null }, { cancel: "2026-01-01T00:00:00Z" }, []],
    ["not dispatched yet", { kind: "starting" }, {}, []],
    ["tried again by itself", ended({ ending: "model-unavailable", onward: { kind: "tries-again", at: "2026-01-01T00:00:00Z", nth: 1, of: 5 } }), {}, ["resume: Try again now", "cancel: Cancel, and do not try it again"]],
    ["at a gate", ended({ ending: "awaiting-approval", progress: at(GATE) }), {}, [`approve ${GATE}: Approve \`${GATE}\``]],
    ["at a question that has no gate's name", ended({ ending: "awaiting-approval", progress: at(null) }), {}, []],
    ["delivered", ended({ ending: "ready", pullRequest: { number: 1, url: "https://x" } }), {}, []],
    ["done, and not delivered", ended({ ending: "ready" }), {}, ["resume: Deliver it again"]],
    ["for good", ended({ ending: "reviewed" }), {}, []],
  ])("%s", (_, view, more, expected) => expect(labels(view, more)).toEqual(expected));

  it.each(endingCodeSchema.options)("%s: each box reads back as a command, and none is ticked", (ending) => {
    const text = statusComment(marker, ended({ ending, progress: at(GATE) }));
    expect(tickedBoxes(text)).toEqual([]);
    const all = text.replaceAll("- [ ] <!-- worktrain:do", "- [x] <!-- worktrain:do");
    expect(newlyTicked(text, all).map(readBoxCommand)).not.toContain(null);
    expect(untick(all)).toBe(text);
  });

  it("a check run shows the words without the boxes, which nobody could tick there", () => {
    const view = ended({ ending: "budget" });
    expect(statusComment(marker, view)).toContain("worktrain:do resume");
    expect(statusOutput(marker, view)).toEqual({ title: "WorkTrain stopped: the budget is used up", summary: expect.not.stringContaining("worktrain:do") });
  });
});

describe("what counts as a tick?", () => {
  const [open, done] = [box("cancel", "Cancel"), box("cancel", "Cancel").replace("[ ]", "[x]")];
  it.each<[string, string, string, readonly string[]]>([
    ["a box that was open", open, done, ["cancel"]],
    ["with GitHub's line ends", `a\r\n${open}\r\nb`, `a\r\n${done}\r\nb`, ["cancel"]],
    ["one that was ticked already", done, done, []],
    ["one that was not there", "", done, []],
    ["unticked", done, open, []],
    ["inside a line", open, `x ${done}`, []],
  ])("%s", (_, before, after, expected) => expect(newlyTicked(before, after)).toEqual(expected));

  it.each(["approve", "approve gate-1 x", "cancel gate-1-a", "run", "approve GATE", "constructor"])("%s is no command of a box", (control) => expect(readBoxCommand(control)).toBeNull());
});
