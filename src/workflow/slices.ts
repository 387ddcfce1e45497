/**
 * How work is cut into slices that are done side by side: the contract of a plan, and what follows from its dependencies.
 *
 * S1. A plan that was accepted can be carried out: ids are unique, every dependency is there, and there is no way round in a circle.
 * S2. Two slices that may be at work at the same time name no common file.
 */
import { z } from "zod";

/** More slices are more merging than coding, and each is a session of its own. */
export const MAX_SLICES = 8;
/** Files that one slice may name; more is no slice. */
const MAX_FILES = 200;

const sliceSchema = z.looseObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "Expected lower-case letters, digits and -, a letter first, at most 32").describe("A short name, such as import-parser"),
  title: z.string().min(1).max(120),
  goal: z.string().min(1).describe("What is true when it is done, for somebody who sees this slice and the task alone"),
  files: z.array(z.string().min(1)).min(1).max(MAX_FILES).describe("Every path it will change or add, from the root; a directory ends with /"),
  dependsOn: z.array(z.string()).default([]).describe("Ids of the slices whose result it builds on"),
});
export type Slice = z.infer<typeof sliceSchema>;

export const slicesSchema = z
  .looseObject({
    slices: z.array(sliceSchema).min(1).max(MAX_SLICES).describe("In the order in which one would do them; one slice says that the work is better done in one piece"),
    rationale: z.string().optional().describe("Why it is cut here and not elsewhere"),
  })
  .superRefine(({ slices }, context) => {
    for (const fault of sliceFaults(slices)) context.addIssue({ code: "custom", path: ["slices", ...fault.path], message: fault.message });
  });

export interface SliceFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What is wrong with how the slices stand to each other; S1 first, since S2 can only be looked at in a plan that holds together. */
export function sliceFaults(slices: readonly Slice[]): readonly SliceFault[] {
  const broken = [...repeatedIds(slices), ...brokenDependencies(slices)];
  if (broken.length > 0) return broken;
  const circle = circleIn(slices);
  if (circle !== null) return [{ path: [], message: `the dependencies go round in a circle: ${circle.join(" -> ")}` }];
  return sharedFiles(slices);
}

const repeatedIds = (slices: readonly Slice[]): readonly SliceFault[] =>
  slices.flatMap(({ id }, index) => (slices.findIndex((each) => each.id === id) < index ? [{ path: [index, "id"], message: `"${id}" is the id of an earlier slice as well` }] : []));

const brokenDependencies = (slices: readonly Slice[]): readonly SliceFault[] =>
  slices.flatMap(({ id, dependsOn }, index) =>
    dependsOn.flatMap((name, at) => {
      if (name === id) return [{ path: [index, "dependsOn", at], message: `"${id}" depends on itself` }];
      return slices.some((each) => each.id === name) ? [] : [{ path: [index, "dependsOn", at], message: `there is no slice "${name}"` }];
    }),
  );

/** The ids of a circle, the first one again at its end; null when there is none. */
function circleIn(slices: readonly Slice[]): readonly string[] | null {
  const done = new Set<string>();
  const visit = (id: string, way: readonly string[]): readonly string[] | null => {
    if (way.includes(id)) return [...way.slice(way.indexOf(id)), id];
    if (done.has(id)) return null;
    for (const next of slices.find((each) => each.id === id)?.dependsOn ?? []) {
      const circle = visit(next, [...way, id]);
      if (circle !== null) return circle;
    }
    done.add(id);
    return null;
  };
  for (const { id } of slices) {
    const circle = visit(id, []);
    if (circle !== null) return circle;
  }
  return null;
}

/** Everything that the slice builds on, directly or not. Of a plan without circles. */
export function ancestorsOf(slices: readonly Slice[], id: string): ReadonlySet<string> {
  const found = new Set<string>();
  const queue = [id];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const name of slices.find((each) => each.id === at)?.dependsOn ?? []) {
      if (found.has(name)) continue;
      found.add(name);
      queue.push(name);
    }
  }
  return found;
}

function sharedFiles(slices: readonly Slice[]): readonly SliceFault[] {
  const before = new Map(slices.map(({ id }) => [id, ancestorsOf(slices, id)]));
  return slices.flatMap((slice, index) =>
    slices.slice(0, index).flatMap((other): readonly SliceFault[] => {
      if (before.get(slice.id)?.has(other.id) === true || before.get(other.id)?.has(slice.id) === true) return [];
      const shared = slice.files.find((file) => other.files.some((each) => overlap(file, each)));
      if (shared === undefined) return [];
      return [{ path: [index, "files"], message: `"${slice.id}" and "${other.id}" may be at work at the same time and both name ${shared}; make one depend on the other, or join them` }];
    }),
  );
}

const plain = (path: string): string => path.trim().replace(/^(?:\.\/)+/, "").replaceAll(/\/{2,}/g, "/").replace(/\/$/, "");

/** The same path, or one is a directory above the other. */
function overlap(one: string, other: string): boolean {
  const [a, b] = [plain(one), plain(other)];
  return a === b || a === "" || b === "" || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}
