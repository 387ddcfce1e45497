/** What does the model see of a tool's output? */
import { expect, test } from "vitest";
import { workspaceTools } from "../../src/agent/index.ts";
import type { Sandbox } from "../../src/workspace/index.ts";

const sandboxThatSays = (content: string): Sandbox => ({
  mode: "bubblewrap",
  hosts: [],
  takeReached: () => [],
  call: () => Promise.resolve({ content, isError: false }),
  runCommand: () => Promise.reject(new Error("not called")),
  renew: () => Promise.resolve(),
  close: () => Promise.resolve(),
});

const said = async (tool: string, content: string): Promise<string> => {
  const found = workspaceTools(sandboxThatSays(content)).find(({ name }) => name === tool);
  if (found === undefined) throw new Error(`There is no tool ${tool}.`);
  return (await found.run({}, { signal: new AbortController().signal, toolUseId: "t" })).content;
};

test.each(["read", "grep", "glob", "bash"])("attack 6: characters of a result of %s that a reader would not see are shown as what they are, and it is said", async (tool) => {
  const shown = await said(tool, "safe \u202eevil\u2066 \u200b\u{e0041}text \u001b[8mhidden");
  expect(shown).toContain("safe [U+202E]evil[U+2066] [U+200B][U+E0041]text [U+001B][8mhidden\n[Characters that a reader would not see");
});

test("a result of visible characters is given byte for byte: tabs, line ends, accents, emoji with their selector", async () => {
  const plain = "     1\tgr\u00fc\u00dfe \u2764\ufe0f\r\n\u4f60\u597d\n";
  expect(await said("read", plain)).toBe(plain);
});
