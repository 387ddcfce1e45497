import { expect, test } from "vitest";
import { chainTo, importsOf, reachableFrom, sourceFiles, sourceText } from "./imports.ts";

/** The folder table of docs/architecture.md: what each folder of src/ may import beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  config: ["shared"],
  record: ["shared"],
  workflow: ["shared", "record"],
  library: ["shared", "workflow"],
  engine: ["shared", "config", "record", "workflow"],
  journal: ["shared", "record"],
  workspace: ["shared", "record"],
  session: ["shared", "record", "workflow", "engine", "journal", "workspace"],
  agent: ["shared", "record", "workspace"],
  coordinator: ["shared", "config", "record", "workflow", "engine", "journal", "workspace", "session", "agent"],
  report: ["shared", "record", "workflow", "engine"],
  github: ["shared"],
  intake: ["shared", "config", "github/read", "github/trust", "github/client.ts"],
  delivery: ["shared", "config", "record", "workflow", "engine", "report", "github"],
};

const folderOf = (file: string): string => file.split("/")[1] ?? "";
const hostOf = (file: string): string => file.split("/")[2] ?? "";

test("a folder imports only from the folders its row of the table names", () => {
  const wrong = sourceFiles("src").flatMap((file) => {
    const allowed = MAY_IMPORT[folderOf(file)];
    if (folderOf(file) === "hosts") return [];
    if (allowed === undefined) return [`${file}: the folder is not in the table`];
    return importsOf(file)
      .filter(({ file: target }) => target !== null && folderOf(target) !== folderOf(file))
      .filter(({ file: target }) => !allowed.some((prefix) => target === `src/${prefix}` || target?.startsWith(`src/${prefix}/`)))
      .map(({ file: target }) => `${file} imports ${target}`);
  });
  expect(wrong).toEqual([]);
});

test("no file imports itself through others, not even for a type", () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, line: readonly string[]): void => {
    if (line.includes(file)) circles.push([...line.slice(line.indexOf(file)), file].join(" -> "));
    if (done.has(file) || line.includes(file)) return;
    for (const { file: target } of importsOf(file)) if (target?.endsWith(".ts") === true) visit(target, [...line, file]);
    done.add(file);
  };
  for (const file of sourceFiles("src")) visit(file, []);
  expect(done.size).toBeGreaterThan(300);
  expect(circles).toEqual([]);
});

test("the engine knows of the config only its types", () => {
  const wrong = sourceFiles("src/engine").filter((file) => /^import (?!type\b)[^;]*from "[^"]*\/config\//m.test(sourceText(file)));
  expect(wrong).toEqual([]);
});

test("a host imports no other host; the CLI starts the MCP server's main lazily", () => {
  const starts = (file: string, target: string | null) => file === "src/hosts/cli/commands/mcp.ts" && target === "src/hosts/mcp/main.ts";
  const wrong = sourceFiles("src/hosts").flatMap((file) =>
    importsOf(file)
      .filter(({ file: target }) => !starts(file, target))
      .filter(({ file: target }) => target?.startsWith("src/hosts/") && hostOf(target) !== hostOf(file))
      .map(({ file: target }) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("the closed world of engine, workflow and record has no node:* module and no package but zod, yaml and re2js", () => {
  const wrong = ["src/engine", "src/workflow", "src/record"]
    .flatMap(sourceFiles)
    .flatMap(importsOf)
    .filter(({ file, specifier }) => file === null && !["zod", "yaml", "re2js"].includes(specifier))
    .map(({ from, specifier }) => `${from} imports ${specifier}`);
  expect(wrong).toEqual([]);
});

test("only a host's main.ts reads the environment", () => {
  // The sandbox's helper is a program of its own: what it sees there is the sandbox's environment.
  const mayRead = (file: string) => /^src\/hosts\/.*\/?main\.ts$/.test(file) || file.startsWith("src/workspace/helper/");
  expect(sourceFiles("src").filter((file) => !mayRead(file) && /\bprocess\.env\b/.test(sourceText(file)))).toEqual([]);
});

test.each([
  { entry: "src/hosts/runner/agent/agent.ts", forbidden: ["src/github/write/", "src/delivery/"], why: "the agent job can publish nothing" },
  { entry: "src/hosts/runner/deliver/deliver.ts", forbidden: ["src/agent/", "src/coordinator/"], why: "the deliver job runs nothing" },
  ...["verify.ts", "place.ts", "settings.ts"].map((file) => ({ entry: `src/hosts/runner/verify/${file}`, forbidden: ["src/agent/", "src/coordinator/", "src/github/", "src/delivery/"], why: "the job verify asks no model, and neither reads nor writes on GitHub" })),
  ...["main.ts", "job/main.ts"].map((file) => ({ entry: `src/hosts/app/${file}`, forbidden: ["src/agent/", "src/coordinator/", "src/workspace/"], why: "the App runs nothing" })),
])("from $entry nothing of $forbidden is reachable: $why", ({ entry, forbidden }) => {
  const reached = reachableFrom(entry);
  expect(reached.size).toBeGreaterThan(5);
  const chains = [...reached.keys()].filter((file) => forbidden.some((prefix) => file.startsWith(prefix))).map((file) => chainTo(reached, file).join(" -> "));
  expect(chains).toEqual([]);
});

test("who checks identity tokens is the App: nothing of the Action loads a library for them", () => {
  const users = [...reachableFrom("src/hosts/runner/main.ts").keys()].filter((file) => /\.m?ts$/.test(file)).flatMap(importsOf).filter(({ specifier }) => specifier === "jose");
  expect(users).toEqual([]);
  expect([...reachableFrom("src/hosts/app/main.ts").keys()].filter((file) => file.endsWith(".ts")).flatMap(importsOf).some(({ specifier }) => specifier === "jose")).toBe(true);
});
