import { expect, test } from "vitest";
import { headOf } from "../../../src/hosts/cli/log/head-of.ts";

const [BASE, BEFORE, ONTO, HEAD, OTHER] = ["b", "e", "0", "a", "f"].map((digit) => digit.repeat(40)) as [string, string, string, string, string];
const [TREE, BASE_TREE] = ["1", "2"].map((digit) => digit.repeat(40)) as [string, string];
type FollowUp = NonNullable<Parameters<typeof headOf>[2]>;
const followUp = (onto?: string): FollowUp => ({ headSha: BEFORE, tree: BASE_TREE, ...(onto === undefined ? {} : { onto: { base: { sha: onto } } }) }) as unknown as FollowUp;
const of = (tree: string, parents: readonly string[], after?: FollowUp) => headOf({ pull: { headSha: HEAD }, head: { tree, parents } }, { tree: TREE, base: BASE }, after).map(({ ok }) => ok);

test.each<[string, readonly string[], FollowUp | undefined, boolean]>([
  ["a first delivery comes after the base", [BASE], undefined, true],
  ["a first delivery on something else", [OTHER], undefined, false],
  ["a first delivery that merges something", [BASE, OTHER], undefined, false],
  ["a follow-up comes after what was delivered before", [BEFORE], followUp(), true],
  ["a follow-up on the base alone drops what was delivered", [BASE], followUp(), false],
  ["a follow-up that merges what it was not to", [BEFORE, OTHER], followUp(), false],
  ["a follow-up merges the base it was brought onto", [BEFORE, ONTO], followUp(ONTO), true],
  ["one that was to merge the base and does not", [BEFORE], followUp(ONTO), false],
  ["one that merges another commit in its place", [BEFORE, OTHER], followUp(ONTO), false],
  ["the parents the other way round, so that the base's history comes first", [ONTO, BEFORE], followUp(ONTO), false],
  ["no parent", [], undefined, false],
])("%s", (_, parents, after, ok) => {
  expect(of(TREE, parents, after)).toEqual([true, ok]);
});

test("the files are those that were reviewed, whatever the parents are; a head that is gone is nothing", () => {
  expect(of(OTHER, [BASE])).toEqual([false, true]);
  expect(headOf({ pull: { headSha: HEAD }, head: null }, { tree: TREE, base: BASE }, undefined).map(({ ok, what }) => [ok, what.includes("none")])).toEqual([[false, true], [false, true]]);
});
