import { expect, test } from "vitest";
import { formatReportName, formatSegmentName, parseSegmentName } from "../../src/record/index.ts";

const item = { repositoryId: 99, subject: "issue-12", attempt: 1 };

test("a report's name is one that an artifact may have, says what it is of, and is never taken for a segment's", () => {
  for (const job of ["agent", "deliver"] as const) {
    const name = formatReportName({ item, runId: 500, runAttempt: 2, job });
    expect(name).toBe(`worktrain-report.99.issue-12.1.r500.a2.${job}.html`);
    expect(name).not.toMatch(/[":<>|*?\\/\r\n]/);
    expect(parseSegmentName(name)).toBeNull();
  }
  // Nor is any segment named like a report, whatever its step is called.
  const segment = formatSegmentName({ item, runId: 500, runAttempt: 1, index: 1, phase: "code", step: "worktrain-report.agent.html", costMilliUsd: 1, ending: "ready" });
  expect(segment.startsWith("worktrain-report")).toBe(false);
  expect(parseSegmentName(segment)).toMatchObject({ index: 1, phase: "code" });
});
