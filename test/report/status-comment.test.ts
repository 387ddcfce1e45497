/** I4: what the status comment says is so. */
import { expect, it } from "vitest";
import type { Phase } from "../../src/record/index.ts";
import { statusComment, type Progress, type StatusView } from "../../src/report/status-comment.ts";
import type { StatusMarker } from "../../src/report/status-marker.ts";

const marker: StatusMarker = { issueNumber: 12, attempt: 1, continuation: 0, key: "a".repeat(32), state: "running", runId: 7, labelledAt: "2026-11-30T10:00:00.000Z", at: null, recreated: false };
const at = (...phases: readonly Phase[]): Progress => ({ phases, at: { phase: phases.at(-1) ?? "probe", step: "look" }, costMilliUsd: 1, asOf: null, segments: 1, ending: null, gate: null });
const listed = (more: Partial<StatusMarker>, progress: Progress | null): readonly string[] => statusComment({ ...marker, ...more }, { kind: "running", runUrl: "https://x/runs/7", progress }).split("\n").filter((line) => /^- [○●✔]/.test(line));

it("only what is still to come is listed as that: not what an earlier run did, nor what a review never does", () => {
  expect(listed({}, null)).toEqual(["- ○ Classify", "- ○ Code", "- ○ Review", "- ○ Deliver"]);
  expect(listed({}, at("classify", "discover"))).toEqual(["- ✔ Classify", "- ● **Discover**, step `look`", "- ○ Code", "- ○ Review", "- ○ Deliver"]);
  expect(listed({ continuation: 1 }, at("review"))).toEqual(["- ● **Review**, step `look`", "- ○ Deliver"]);
  expect(listed({}, at("classify", "code", "review", "fix"))).toEqual(["- ✔ Classify", "- ✔ Code", "- ✔ Review", "- ● **Fix**, step `look`", "- ○ Deliver"]);
  const head = "d".repeat(40);
  expect(listed({ head }, null)).toEqual(["- ○ Review", "- ○ Deliver"]);
  expect(listed({ head }, at("review"))).toEqual(["- ● **Review**, step `look`", "- ○ Deliver"]);
});

it("a run that ended without a word and saved nothing points at its log, not at what is saved", () => {
  const view: StatusView = { kind: "ended", runUrl: "https://x/runs/7", progress: null, ending: "lost", pullRequest: null, deliverUrl: null };
  expect(statusComment(marker, view)).toContain("see the end of the log of job `agent` in the run");
  expect(statusComment(marker, view)).not.toContain("from what is saved, write");
  expect(statusComment(marker, { ...view, progress: at("code") })).toContain("To go on from what is saved");
});

it.each(["no-key", "key-rejected"] as const)("%s names the secret and its environment, links where it is set, and says how to go on", (ending) => {
  const view: StatusView = { kind: "ended", runUrl: "https://github.example/acme/shop/actions/runs/7", progress: null, ending, pullRequest: null, deliverUrl: null };
  const said = statusComment(marker, view);
  for (const each of ["`ANTHROPIC_API_KEY`", "`worktrain-agent`", "[Settings, Environments](https://github.example/acme/shop/settings/environments)", "`/worktrain resume`", "- [ ] <!-- worktrain:do resume -->"]) expect(said).toContain(each);
});
