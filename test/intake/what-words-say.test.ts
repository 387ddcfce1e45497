/** What the words of an ending tell a person to type is what the App then does. */
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/config/index.ts";
import { saidIntents } from "../../src/delivery/index.ts";
import { taskDigest } from "../../src/github/trust/index.ts";
import { decideGoOn, decideStart, type GoOnFacts, type PriorAttempt } from "../../src/intake/index.ts";
import { ENDING_CODES, type EndingCode } from "../../src/record/index.ts";
import { ENDING_WORDS } from "../../src/report/ending-words.ts";
import { makeTicket } from "../fakes/tickets.ts";
import { wishKey } from "../../src/intake/decide-start.ts";

const TASK = { title: "Fix the sum", body: "It is off by one." };
const TURN = { attempt: 1, continuation: 0 };
const WRITTEN = "2026-01-01T00:00:00.000Z";
const KEY = wishKey({ repositoryId: 99, issueNumber: 12, textSha256: taskDigest(TASK) }, TURN);

function facts(ending: EndingCode): GoOnFacts {
  const state: PriorAttempt["state"] = ENDING_WORDS[ending].after === "resume" ? "interrupted" : "concluded";
  return {
    repository: { id: 99, owner: "acme", repo: "shop", defaultBranch: "main", archived: false, htmlUrl: "" },
    config: parseConfig("", "worktrain.yml"),
    issue: { ...TASK, id: 5, number: 12, open: true, labels: ["worktrain:ready"], locked: false, isPullRequest: false, author: null, htmlUrl: "", createdAt: "2025-12-31T00:00:00Z" },
    prior: { ...TURN, key: KEY, labelledAt: "2025-12-31T12:00:00.000Z", state },
    workflowText: "on: { workflow_dispatch: { inputs: { ticket: {} } } }\n",
    baseSha: "b".repeat(40),
    stoppedBy: null,
    gate: null,
    delivered: null,
    ending,
  };
}

const type = (name: "retry" | "resume", ending: EndingCode): string => {
  const decision = decideGoOn({ command: { name, operands: {}, flags: [] }, issueNumber: 12, commentId: 7, writtenAt: WRITTEN }, facts(ending));
  return decision.kind === "refuse" ? decision.refusal.kind : decision.kind;
};
const commentOf = (ending: EndingCode): string => {
  const { ticket } = makeTicket();
  return JSON.stringify(saidIntents({ ticket, ending, headline: "WorkTrain stopped", code: "x", message: "m", fix: "f", view: null, runUrl: "https://github.com/run", reportUrl: null, redact: (text) => text }, null));
};

describe.each(ENDING_CODES)("%s", (ending) => {
  const { after, next } = ENDING_WORDS[ending];

  it("what its words name works, and what does not work they do not name", () => {
    expect(type("resume", ending)).toBe(after === "resume" ? "go-on" : "over");
    expect(type("retry", ending)).toBe(after === "resume" || after === "retry" ? "go-on" : "over");
    if (after !== "retry" && after !== "resume") expect(next).not.toContain("/worktrain retry");
    if (after !== "resume") expect(next).not.toContain("/worktrain resume");
  });

  it("the comment tells how to start again where the attempt has stopped, and what goes on where it waits", () => {
    const comment = commentOf(ending);
    expect(comment.includes("/worktrain run")).toBe(after === "retry" || after === "anew");
    expect(comment.includes("goes back in this one")).toBe(after === "retry");
    expect(comment.includes("What was done is saved. Once the cause is mended, `/worktrain resume`")).toBe(ending === "ready");
  });

  it("setting the label again goes on with what waits, and else begins a new attempt", () => {
    const event = { repository: { id: 99, owner: "acme", repo: "shop" }, issueNumber: 12, label: "worktrain:ready", sender: { login: "octocat", id: 42 }, task: TASK, labelledAt: WRITTEN };
    expect(decideStart(event, facts(ending))).toMatchObject({ kind: "start", ...(after === "resume" ? { attempt: 1, continuation: 1 } : { attempt: 2, continuation: 0 }) });
  });
});
