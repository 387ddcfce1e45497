import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "../fakes/fast-check.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileWorkflow, renderCommand } from "../../src/workflow/index.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "command-line-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const render = (command: string, values: Record<string, string>, configured?: Record<string, string>) => renderCommand(command, { configured, values });
/** What a program is given as its argument when the command is run; a file in the folder shows that more than it was run. */
const argumentOf = (command: string, shell: string): string => execFileSync(shell, ["-c", command], { cwd: folder, encoding: "utf8" });

const HOSTILE = [
  "|| true",
  "; touch owned",
  "; exit 0",
  "x\ntouch owned",
  "$(touch owned)",
  "`touch owned`",
  "' ; touch owned ; '",
  "'\"'\"'; touch owned #",
  '"; touch owned; "',
  "\\",
  "\\'; touch owned #",
  "${IFS}touch${IFS}owned",
  "> owned",
  "a & touch owned &",
  "*",
  "~",
  "# x\ntouch owned",
  "$'\\n'touch owned",
  "",
  "\r\ntouch owned",
  "a\u2028b",
];

describe("attack 7: a value in a verification is one word of the shell, whatever is in it", () => {
  test.each(HOSTILE.flatMap((value) => ["sh", "bash"].map((shell) => [value, shell] as const)))("%j in %s", (value, shell) => {
    for (const template of ["printf %s {{v}}", 'printf %s "{{v}}"', "printf %s '{{ v }}'", "x=$(printf %s {{v}}_); printf %s \"${x%_}\"", "true && printf %s%s {{v}}''"]) {
      const rendered = render(template, { v: value });
      expect(rendered.kind).toBe("command");
      if (rendered.kind === "command") expect(argumentOf(rendered.text, shell)).toBe(value);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test("any text comes out as it went in", () => {
    const text = fc.array(fc.constantFrom("'", '"', "\\", "$", "`", "(", ")", ";", "&", "|", "\n", " ", "#", "{", "}", "x", "é", "!"), { maxLength: 12 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (value) => {
        const rendered = render("printf %s -- {{v}}", { v: value });
        expect(rendered.kind === "command" && argumentOf(rendered.text, "sh")).toBe(value === "" ? "--" : "--" + value);
      }),
      { numRuns: 60 },
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ['test -n "a {{v}}"', "inside quotes"],
    ["sh -c 'grep {{v}} f'", "inside quotes"],
    ["sh -c {{v}}", "another shell"],
    ['bash -lc "{{v}}"', "another shell"],
    ["grep x f # {{v}}", "comment"],
    ["cat <<E\n{{v}}\nE", "here-document"],
    ["echo `basename {{v}}`", "backtick"],
    ['echo "$(basename {{v}})"', "expansion inside quotes"],
    ["echo $(( {{v}} + 1 ))", "arithmetic"],
    ["[[ {{v}} -eq 1 ]]", "arithmetic"],
    ["echo ${x:-{{v}}}", "parameter expansion"],
    ["echo \\{{v}}", "backslash"],
    ["echo $'a' {{v}}", "begins with $"],
    ["eval echo {{v}}", "eval"],
    ["{{v}} --check", "choose what is run"],
    ["make; {{v}}", "choose what is run"],
    ["A=1 env {{v}}", "choose what is run"],
    ["let {{v}}", "`let`"],
    ["make && declare x={{v}}", "`declare`"],
    ["timeout 50 {{v}}", "`timeout`"],
    ["ls | xargs -n 1 {{v}}", "`xargs`"],
    ["/usr/bin/env -i {{v}}", "`env`"],
    ["if nice -n 5 {{v}}; then true; fi", "`nice`"],
    ["sudo -n {{v}}", "`sudo`"],
    ["command -p {{v}}", "`command`"],
    ["find . -exec {{v}} \\;", "`find -exec`"],
    ["node -e {{v}}", "`node -e`"],
    ["X=1 python3 -c {{v}}", "`python3 -c`"],
    ["perl -ne 'print' {{v}}", "`perl -ne`"],
    ["ruby -e {{v}}", "`ruby -e`"],
    ["ssh host {{v}}", "`ssh`"],
    ["npx --yes {{v}}", "package"],
  ])("%s takes no value: %s", (template, why) => {
    expect(render(template, { v: "x" })).toMatchObject({ kind: "unsafe", problems: [expect.stringContaining(why)] });
  });

  test.each(["node --test {{v}}", "timeout 50 npm test && node --test {{v}}", "npx vitest run {{v}}", "python3 -m pytest {{v}}", "find {{v}} -name x", "echo 'timeout;' {{v}}"])("%s takes a value", (template) => {
    expect(render(template, { v: "x" }).kind).toBe("command");
  });

  test.each(["-x", "--help"])("%s is never given as an option, whatever stands before", (value) => {
    for (const template of ["pytest {{v}}", "npm test -- {{v}}", "git --version -- . && node --test {{v}}", "pytest ''{{v}}", "pytest {{none}}{{v}}", '"pytest" "{{v}}"']) {
      expect(render(template, { v: value, none: "" })).toMatchObject({ kind: "unsafe", problems: [expect.stringContaining("option")] });
    }
    expect(render("pytest --file={{v}}", { v: value })).toEqual({ kind: "command", text: `pytest --file=${value}` });
  });

  test("a NUL is no argument", () => {
    expect(render("test -f {{v}}", { v: "a\0b" })).toMatchObject({ kind: "unsafe" });
  });
});

test("the repository's own command is text of the shell; what looks like it among the values is not", () => {
  expect(render("{{commands.test}}", {}, { test: "npm test && npm run lint" })).toEqual({ kind: "command", text: "npm test && npm run lint" });
  expect(render("{{commands.test}} -- {{v}}", { v: "a b" }, { test: "npm test" })).toEqual({ kind: "command", text: "npm test -- 'a b'" });
  expect(render("{{commands.test}} {{v}}", { v: "a" }, { test: "npm test #" })).toMatchObject({ kind: "unsafe" });
  expect(renderCommand("{{commands.test}}", { configured: undefined, values: { commands: { test: "true" } } })).toEqual({ kind: "not-configured" });
});

test("a value that is not there is said, never left out", () => {
  expect(render("test -n {{v}}", {})).toEqual({ kind: "unset", unset: ["v -- 'v' is not set"] });
  expect(render("{{commands.test}} && test -n {{v}}", {})).toEqual({ kind: "unset", unset: ["commands.test -- 'commands' is not set", "v -- 'v' is not set"] });
  expect(render("{{commands.test}}", {}, { test: " " })).toEqual({ kind: "not-configured" });
});

describe("when a file is checked", () => {
  const compiled = (command: string, schemaVersion: number, more: object = {}) =>
    compileWorkflow({ file: "w.json", text: JSON.stringify({ schemaVersion, id: "test-flow", name: "n", version: "1.0.0", description: "d", steps: [{ id: "one", title: "One", prompt: "Do it.", verification: { command }, ...more }] }) });

  test("a placeholder where no value can stand is a fault, and a warning in version 1", () => {
    const fault = { path: "steps[0].verification.command", message: expect.stringContaining("{{v}} stands inside quotes"), fix: expect.stringContaining("outside of quotes") };
    const second = compiled('grep "a {{v}}" f', 2);
    expect(second.ok || second.error).toMatchObject([fault]);
    const first = compiled('grep "a {{v}}" f', 1, { produces: { v: { type: "string" } } });
    expect(first.ok && first.value.warnings).toMatchObject([fault]);
  });

  test("no step produces `commands`, by which a verification would count as not configured: a fault, and a warning in version 1", () => {
    const fault = { path: "steps[0].produces.commands", message: expect.stringContaining("own configuration"), fix: expect.stringContaining("another name") };
    const produces = { produces: { commands: { type: "object" } } };
    const second = compiled("{{commands.test}}", 2, produces);
    expect(second.ok || second.error).toMatchObject([fault]);
    const first = compiled("{{commands.test}}", 1, produces);
    expect(first.ok && first.value.warnings).toMatchObject([fault]);
  });

  test("a placeholder that no step declares is a warning that names it", () => {
    const undeclared = compiled("test -n {{pkg}}", 2);
    expect(undeclared.ok && undeclared.value.warnings).toMatchObject([{ path: "steps[0].verification.command", message: expect.stringContaining('No step declares "pkg"') }]);
    for (const more of [{ produces: { pkg: { type: "string" } } }, { requires: ["pkg"] }]) {
      const declared = compiled("test -n {{pkg}} && {{commands.test}}", 2, more);
      expect(declared.ok && declared.value.warnings).toEqual([]);
    }
  });
});
