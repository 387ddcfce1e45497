/** `worktrain report`: which log it tells, and where the page goes. What stands on it is in test/report/report.test.ts. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDirectoryJournal } from "../../../src/journal/index.ts";
import { nodeFileSystem } from "../../../src/shared/node-ports.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { TASK, writeFinishedItem } from "../../fakes/finished-item.ts";
import { makeTicket } from "../../fakes/tickets.ts";
import { shell, type Shell } from "./in-process.ts";

const GOLDEN = join(import.meta.dirname, "..", "..", "golden", "0.1", "journal");
let directory: string;
let cli: Shell;
let progress: string[];
/** A journal directory that holds an item. */
let item: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "worktrain-report-"));
  mkdirSync(join(directory, "data"));
  progress = [];
  cli = shell({ data: join(directory, "data"), world: { log: (line) => progress.push(line) } });
  const { ticket, ticketText } = makeTicket();
  item = join(directory, "item");
  const journal = await openDirectoryJournal({ directory: item, fs: nodeFileSystem, clock: fakeClock() });
  await writeFinishedItem(journal, { ticket, ticketText, runId: 5, tree: "a".repeat(40), files: { "a.txt": { text: "a\n" } } });
  await journal.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const at = (name: string): string => join(directory, name);

describe("what is told", () => {
  test("an item from its journal: asked, understood, path, proof; as Markdown unless a file is named", async () => {
    const told = await cli.run("report", item);
    expect(told).toMatchObject({ exitCode: 0, data: { report: { kind: "item", title: TASK.title, files: { changed: [{ path: "a.txt", bytes: 2 }] } }, written: [] } });
    expect(told.text).toContain(`**${TASK.title}**`);
    expect(told.text).toContain("```mermaid\nflowchart TD");
    expect((await cli.run("report", item, "--markdown")).text).toBe(told.text);
  });

  test("an exported file tells the same as the journal it was made of", async () => {
    await cli.run("export", item, "-o", at("item.worktrain"));
    expect((await cli.run("report", at("item.worktrain"))).text).toBe((await cli.run("report", item)).text);
  });

  test("a stored session by its id, whose verification is its own", async () => {
    const begun = await cli.run("session", "start", "wr.classify-task", "--goal", "Mend the total\n\nIt is off.", "--workspace", directory);
    const told = await cli.run("report", begun.data.sessionId);
    expect(told.data.report).toMatchObject({ kind: "session", id: begun.data.sessionId, title: "Mend the total", asked: { text: "It is off." }, standing: { tone: "waiting" } });
    expect(told.data.report.sessions[0].path).toMatchObject([{ stepId: "read-task", state: "open" }]);
  });

  test("of a journal of sessions all of them; of none it says where it looked", async () => {
    expect((await cli.run("report", GOLDEN)).data.report.sessions).toHaveLength(14);
    expect(await cli.refusal("report", "nope")).toContain('There is no session, item or journal "nope"');
    expect(await cli.refusal("report")).toContain("needs a session or an item");
  });

  test("I6: a secret of the environment is taken out of the page, whatever the journal holds", async () => {
    const canary = "canary-9876543210";
    const begun = await cli.run("session", "start", "wr.classify-task", "--goal", `Mend ${canary}`, "--workspace", directory);
    const guarded = shell({ data: join(directory, "data"), environment: { secrets: [canary] } });
    await guarded.run("report", begun.data.sessionId, "--html", at("guarded.html"));
    expect(readFileSync(at("guarded.html"), "utf8")).not.toContain(canary);
    await cli.run("report", begun.data.sessionId, "--html", at("open.html"));
    expect(readFileSync(at("open.html"), "utf8")).toContain(canary);
  });

  test("no line of what is printed is a command to a runner", async () => {
    const begun = await cli.run("session", "start", "wr.classify-task", "--goal", "Mend ##[error]x\n::add-mask::x\n##[error]x", "--workspace", directory);
    expect((await cli.run("report", begun.data.sessionId)).text).not.toMatch(/^\s*::|##\[/m);
  });
});

describe("where it goes", () => {
  test("files are written for their owner alone, and what is there is replaced only with --force", async () => {
    const [html, markdown] = [at("page.html"), at("page.md")];
    const told = await cli.run("report", item, "--html", html, "--markdown", markdown);
    expect(told.data.written).toEqual([{ file: html, format: "html", bytes: statSync(html).size }, { file: markdown, format: "markdown", bytes: statSync(markdown).size }]);
    expect(statSync(html).mode & 0o777).toBe(0o600);
    expect(readFileSync(html, "utf8")).toMatch(/^<!doctype html>\n/);
    expect(readFileSync(markdown, "utf8")).toMatch(/^### /);
    writeFileSync(html, "mine");
    expect(await cli.refusal("report", item, "--html", html)).toContain("is there already; nothing is overwritten. Name another file, or replace that one with --force.");
    expect(readFileSync(html, "utf8")).toBe("mine");
    await cli.run("report", item, "--html", html, "--force");
    expect(readFileSync(html, "utf8")).toMatch(/^<!doctype html>\n/);
    expect(statSync(html).mode & 0o777).toBe(0o600);
  });

  test("--force replaces no link, no directory and no device", async () => {
    writeFileSync(at("target"), "mine");
    symlinkSync(at("target"), at("link"));
    mkdirSync(at("folder"));
    for (const place of [at("link"), at("folder"), "/dev/null"]) expect(await cli.refusal("report", item, "--html", place, "--force")).toContain("is no regular file; it is not replaced");
    expect(readFileSync(at("target"), "utf8")).toBe("mine");
  });

  test("a place that cannot be written is told with its reason, and nothing is left there", async () => {
    expect(await cli.refusal("report", item, "--html", at("no/such/folder/page.html"))).toMatch(/could not be written \(ENOENT\)\. Check the path\./);
    expect(existsSync(at("no"))).toBe(false);
  });

  test("with the page in a file and the Markdown printed, what was written is told beside it", async () => {
    progress.length = 0;
    const told = await cli.run("report", item, "--html", at("beside.html"), "--markdown", "--json");
    expect(told.text).toMatch(/^### /);
    expect(progress).toEqual([expect.stringMatching(/^Wrote .*beside\.html: \d+ bytes$/)]);
  });

  test("--markdown takes the word behind it, if it is no option; --html needs one", async () => {
    expect(await cli.refusal("report", "--markdown", item)).toContain("Name it before the options");
    expect(await cli.refusal("report", item, "--html")).toContain("--html needs a value");
    expect(await cli.refusal("report", item, "--html=")).toContain("--html needs a file");
  });
});
