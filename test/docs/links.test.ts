/** Whether the documents hold together: links, commands, and the ids that code and tests cite. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { commands } from "../../src/hosts/cli/commands/index.ts";
import { commandsMarkdown } from "../../src/hosts/cli/help.ts";
import { listWorkflows, openLibrary, workflowsTable } from "../../src/library/index.ts";
import { compileWorkflow } from "../../src/workflow/index.ts";
import { lintRulesTable } from "../../src/workflow/lint/index.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const filesBelow = (folder: string, name: RegExp): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));

const documents = ["README.md", "CONTRIBUTING.md", ...filesBelow("docs", /\.md$/)];
/** The text without fenced code. */
const prose = (file: string): string => read(file).replaceAll(/^\s*```[\s\S]*?^\s*```/gm, "");
const idsIn = (file: string, id: RegExp): ReadonlySet<string> => new Set([...read(file).matchAll(/^\| ([A-Z][A-Za-z0-9-]*) \|/gm)].map((row) => row[1] ?? "").filter((each) => id.test(each)));

/** The anchor GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");
const anchorsOf = (file: string): readonly string[] => [...prose(file).matchAll(/^#+ (.+)$/gm)].map((heading) => anchorOf(heading[1] ?? ""));

test("every relative link and anchor leads somewhere", () => {
  const broken = documents.flatMap((file) =>
    [...prose(file).matchAll(/\]\(([^)\s]+)\)/g)]
      .map((link) => link[1] ?? "")
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [path = "", anchor] = link.split("#");
        const target = path === "" ? file : join(dirname(file), path);
        return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
      })
      .map((link) => `${file}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test("every row of a table has the columns of its head", () => {
  const uneven = documents.flatMap((file) =>
    prose(file)
      .split(/\n(?!\|)/)
      .filter((block) => block.includes("\n|"))
      .flatMap((block) => block.split("\n").filter((line) => line.startsWith("|")).map((line, _, lines) => [line, lines[0] ?? ""] as const))
      .filter(([line, head]) => columns(line) !== columns(head))
      .map(([line]) => `${file}: ${line}`),
  );
  expect(uneven).toEqual([]);
});

const columns = (row: string): number => row.replaceAll("\\|", "").split("|").length;

test("every command that a document names exists", () => {
  const scripts = Object.keys(JSON.parse(read("package.json")).scripts);
  const words = new Set(commands.map(({ name }) => name.split(" ")[0]));
  const unknown = documents.flatMap((file) => [
    ...[...read(file).matchAll(/npm (?:run )?(?:-s )?([a-z][a-z-]*)/g)].map((match) => match[1] ?? "").filter((name) => !["run", "install", "ci", "pack", ...scripts].includes(name)).map((name) => `${file}: npm run ${name}`),
    ...[...read(file).matchAll(/(?:npx |`)worktrain ([a-z]+)/g)].map((match) => match[1] ?? "").filter((name) => !words.has(name)).map((name) => `${file}: worktrain ${name}`),
  ]);
  expect(unknown).toEqual([]);
});

test("docs/commands.md has every command with its options (else: npm run docs)", () => {
  const [, generated] = /<!-- generated:commands -->\n([\s\S]*?)\n<!-- \/generated -->/.exec(read("docs/commands.md")) ?? [];
  expect(generated).toBe(commandsMarkdown(commands));
});

test("docs/authoring-workflows.md has every lint rule and every shipped workflow (else: npm run docs)", () => {
  const page = read("docs/authoring-workflows.md");
  expect(page).toContain(`<!-- generated:lint-rules -->\n${lintRulesTable()}\n<!-- /generated -->`);
  expect(page).toContain(`<!-- generated:shipped-workflows -->\n${workflowsTable(listWorkflows(openLibrary({ packageRoot: ROOT, workspace: null, extra: [] })))}\n<!-- /generated -->`);
});

test("every file and folder of ours that a document names in code exists", () => {
  const gone = documents.flatMap((file) =>
    [...prose(file).matchAll(/`((?:src|test|docs|scripts|bench|workflows|templates|action)\/[\w./-]*)`/g)].map((match) => match[1] ?? "").filter((path) => !existsSync(join(ROOT, path))).map((path) => `${file}: ${path}`),
  );
  expect(gone).toEqual([]);
});

test("every fault, attack and platform fact that code or a test cites is in the documents", () => {
  const faults = idsIn("docs/reliability.md", /^F\d+$/);
  const attacks = idsIn("docs/security.md", /^A\d+$/);
  const facts = idsIn("docs/platform-facts.md", /^P-/);
  const missing = ["src", "test"]
    .flatMap((folder) => filesBelow(folder, /\.ts$/))
    .flatMap((file) => {
      const text = read(file);
      const numbered = (word: string, letter: string): readonly string[] =>
        [...text.matchAll(new RegExp(`\\b${word}s? (\\d+(?:(?:, | and )\\d+)*)`, "g"))].flatMap((match) => (match[1] ?? "").split(/, | and /)).map((number) => `${letter}${number}`);
      const cited = [
        ...numbered("fault", "F").filter((id) => !faults.has(id)),
        ...numbered("attack", "A").filter((id) => !attacks.has(id)),
        ...[...text.matchAll(/\bP-[a-z][a-z0-9-]*[a-z0-9]/g)].map(([id]) => id).filter((id) => !facts.has(id)),
      ];
      return cited.map((id) => `${file}: ${id}`);
    });
  expect(missing).toEqual([]);
});

test("every test file in the row of a fault or an attack names its number", () => {
  const rows = [
    ...[...read("docs/reliability.md").matchAll(/^\| F(\d+) \|.*$/gm)].map((row) => ({ row, word: "fault" })),
    ...[...read("docs/security.md").matchAll(/^\| A(\d+) \|.*$/gm)].map((row) => ({ row, word: "attack" })),
  ];
  expect(rows.length).toBeGreaterThan(50);
  const silent = rows.flatMap(({ row, word }) =>
    [...row[0].matchAll(/\]\(\.\.\/(test\/[^)]+)\)/g)]
      .map((link) => link[1] ?? "")
      .filter((file) => !new RegExp(`\\b${word}s? (?:\\d+(?:, | and ))*${row[1]}\\b`).test(read(file)))
      .map((file) => `${word} ${row[1]}: ${file}`),
  );
  expect(silent).toEqual([]);
});

test("the example workflow of the authoring guide compiles without a warning", () => {
  const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(read("docs/authoring-workflows.md")) ?? [];
  expect(compileWorkflow({ text: example, file: "example.yaml" })).toMatchObject({ ok: true, value: { warnings: [] } });
});

test("the folder table of the architecture page is the one the architecture test enforces", () => {
  const enforced = [...read("test/architecture/folders.test.ts").matchAll(/^ {2}(\w+): \[(.*)\],$/gm)].map(([, folder, imports = ""]) => [folder, [...imports.matchAll(/"([^"]+)"/g)].map((match) => match[1])]);
  const documented = [...read("docs/architecture.md").matchAll(/^\| `(\w+)\/` \|.*\| (.*) \|$/gm)]
    .filter(([, folder]) => folder !== "hosts")
    .map(([, folder, imports = ""]) => [folder, [...imports.matchAll(/`([^`]+)`/g)].map((match) => match[1])]);
  expect(documented).toEqual(enforced);
});
