import { expect, test } from "vitest";
import { progressLine } from "../../src/coordinator/index.ts";
import { runnerCommands } from "../../src/shared/runner-commands.ts";

/** What the runner takes for a command in a line (actions/runner, ActionCommand.cs: TryParseV2, TryParse). */
const isCommand = (line: string): boolean => line.replace(/^[\s\u0085]+/, "").startsWith("::") || /##\[[^\]]*\]/.test(line);

test("attack 11: output of a test, which a model wrote, is no command to the runner", () => {
  const printed: string[] = [];
  const runner = runnerCommands({}, (line) => printed.push(line));
  const output = ["::set-output name=segments::[]", "::add-mask::e", "  \t::error file=a.ts::lies", "ok ##[add-path]/tmp/evil", "\r::stop-commands::x", "\u0085::debug::x", "a\u2028::save-state name=x::y", "::::"].join("\n");
  const line = progressLine({ kind: "blocked", phase: "code", step: "verify", messages: [`It failed. The end of its output:\n${output}`] });
  runner.log(line ?? "");
  runner.log(output);
  const lines = printed.flatMap((text) => text.split(/[\n\r\u2028\u2029]/));
  expect(lines.filter(isCommand)).toEqual([]);
  expect(printed.join("\n").replaceAll("\u2060", "")).toContain("::error file=a.ts::lies");
});

test("an ordinary line is printed as it is", () => {
  const printed: string[] = [];
  runnerCommands({}, (line) => printed.push(line)).log("code · verify · std::vector, # [x], a::b");
  expect(printed).toEqual(["code · verify · std::vector, # [x], a::b"]);
});

test("attack 6: a progress line holds no escape sequence", () => {
  const line = progressLine({ kind: "blocked", phase: "code", step: "verify", messages: ["red:\n\u001b[2J\u001b]0;title\u0007 done\r"] });
  expect(line).toBe("  code · verify · not done yet: red:\n[2J]0;title done");
});
