/** Base drift: before somebody finds out at the merge, the pull request says what merges and what does not. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { assertRequestsConform } from "../../../contract/openapi.ts";
import { startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "deliver"));
  await world.close();
});

const LINES = Array.from({ length: 12 }, (_, index) => `line ${index}`);
const text = (line: number, said: string): string => `${LINES.with(line, said).join("\n")}\n`;
const BASE = `${LINES.join("\n")}\n`;

test("the same files: those that merge and those that conflict are named, with what to do", async () => {
  await world.push({ "a.txt": BASE, "b.txt": BASE, "c.txt": BASE, "d.bin": "\0a", "e.txt": BASE }, "files");
  const files = { "a.txt": { text: text(1, "ours") }, "b.txt": { text: text(5, "ours") }, "c.txt": { text: null }, "d.bin": { text: "\0b" }, "e.txt": { text: text(2, "ours") }, "f.txt": { text: "ours\n" }, "same.txt": { text: "same\n" } };
  const item = await world.item({ files });
  await world.push({ "a.txt": text(9, "theirs"), "b.txt": text(5, "theirs"), "c.txt": text(0, "theirs"), "d.bin": "\0c", "e.txt": null, "f.txt": "theirs\n", "same.txt": "same\n", "z.txt": "new\n" }, "moves on");
  expect((await item.deliver()).exitCode).toBe(0);
  const body = (await item.seen()).pulls[0]?.body ?? "";
  const [conflict, merges] = [/^- \*\*This conflicts with `main`\*\* in (.*)$/m.exec(body)?.[1] ?? "", /^- `main` changed (.*) as well/m.exec(body)?.[1]];
  for (const part of ["`b.txt` (both changed what was line 6)", "`c.txt` (`main` changed it, here it is deleted)", "`d.bin` (it is no text", "`e.txt` (`main` deleted it)", "`f.txt` (`main` added another one)", "Merge `main` into this branch"]) expect(conflict).toContain(part);
  expect(conflict).not.toMatch(/a\.txt|same\.txt|z\.txt/);
  expect(merges).toBe("`a.txt`, `same.txt`");
});

test("a rename on the base branch is told; other files cost no further request", async () => {
  const item = await world.item({ files: { "a.txt": { text: text(3, "ours again") } } });
  const other = await world.item({ files: { "z.txt": { text: "more\n" } } });
  await world.push({ "a.txt": null, "renamed.txt": text(9, "theirs") }, "renames");
  await item.deliver();
  expect((await item.seen()).pulls[0]?.body).toMatch(/conflicts with `main`\*\* in `a\.txt` \(`main` (renamed it to `renamed\.txt`|deleted it)\)/);
  const before = world.github.requests.length;
  await other.deliver();
  expect(world.github.requests.slice(before).filter(({ body }) => JSON.stringify(body ?? "").includes("query Texts("))).toEqual([]);
  const body = (await other.seen()).pulls[0]?.body;
  expect(body).toContain("has moved on");
  expect(body).not.toMatch(/conflicts with|as well, in other/);
});
