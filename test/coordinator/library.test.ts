import { expect, test } from "vitest";
import { confidentialAmong, loadLibrary, PIPELINE_WORKFLOWS, pipelineFault } from "../../src/coordinator/index.ts";
import { ROLE_NAMES, ROLES } from "../../src/coordinator/roles.ts";
import { CONFIDENTIAL_WORKFLOWS } from "../../src/intake/index.ts";
import { nodeFileSystem } from "../../src/shared/node-ports.ts";
import { MapWorkspace } from "./item-world.ts";

const team = (files: Readonly<Record<string, string>>) => {
  const { baseFiles } = new MapWorkspace(files);
  // As git lists a directory: all below it.
  return { ...baseFiles, find: (paths: readonly string[]) => baseFiles.find(Object.keys(files).filter((file) => paths.some((path) => file.startsWith(`${path}/`)))) };
};
const text = (id: string, name: string) => `schemaVersion: 2\nid: ${id}\nname: ${name}\nversion: 2.0.0\ndescription: Of the team.\nsteps:\n  - { id: work, title: Work, prompt: Do the work. }\n`;

test("a run finds shipped workflows, routines and roles by id", async () => {
  const library = await loadLibrary(nodeFileSystem, "workflows", null);
  if (!library.ok) throw new Error(library.error.message);
  const find = library.value;
  for (const id of ["wr.classify-task", "wr.routine-context-gathering", "wr.gate-evaluation", ...ROLE_NAMES.map((role) => ROLES[role].workflowId)]) expect(find(id)).toMatchObject({ ok: true, value: { id } });
  expect(find("wr.nothing")).toMatchObject({ ok: false, error: { kind: "unknown-workflow", fix: expect.stringContaining("wr.classify-task") } });
});

test("of two with one id the one of the repository's base commit counts", async () => {
  const library = await loadLibrary(nodeFileSystem, "workflows", team({ ".worktrain/workflows/classify.yaml": text("wr.classify-task", "Ours"), ".worktrain/workflows/own.yaml": text("team.own", "Own"), "docs/other.yaml": text("team.other", "Other") }));
  if (!library.ok) throw new Error(library.error.message);
  expect(library.value("wr.classify-task")).toMatchObject({ ok: true, value: { name: "Ours", version: "2.0.0" } });
  expect(library.value("team.own").ok).toBe(true);
  expect(library.value("team.other").ok).toBe(false);
});

test("a workflow of the repository that does not compile is told with its place, and nothing is run without it", async () => {
  const library = await loadLibrary(nodeFileSystem, "workflows", team({ ".worktrain/workflows/broken.yaml": "schemaVersion: 2\nid: team.broken\nname: Broken\n" }));
  expect(library).toMatchObject({ ok: false, error: { kind: "bad-workflow", message: expect.stringContaining(".worktrain/workflows/broken.yaml:") } });
});

test("a team's own workflow of a pipeline's id that hands over nothing the pipeline reads is told before any work", async () => {
  const reviewing = (contract: string) => `${text("wr.mr-review", "Theirs")}  - { id: judge, title: Judge, prompt: Judge it.${contract} }\n`;
  const faultOf = async (files: Readonly<Record<string, string>>) => {
    const library = await loadLibrary(nodeFileSystem, "workflows", team(files));
    if (!library.ok) throw new Error(library.error.message);
    return pipelineFault(library.value);
  };
  expect(await faultOf({})).toBeNull();
  expect(await faultOf({ ".worktrain/workflows/review.yaml": reviewing(", outputContract: { contractRef: wr.contracts.review_verdict }") })).toBeNull();
  expect(await faultOf({ ".worktrain/workflows/review.yaml": reviewing("") })).toMatchObject({ kind: "bad-workflow", message: expect.stringContaining("wr.contracts.review_verdict") });
  const optional = ", outputContract: { contractRef: wr.contracts.review_verdict, required: false }";
  expect(await faultOf({ ".worktrain/workflows/review.yaml": reviewing(optional) })).not.toBeNull();
});

test("workflows whose record is for few eyes are known by their tags, also behind the one that was asked for", async () => {
  const delegating = `${text("team.around", "Around").replace(/steps:[^]*/, "")}steps:\n  - id: all\n    title: All\n    type: loop\n    loop: { type: for, count: 1, maxIterations: 1 }\n    body:\n      - id: split\n        title: Split\n        type: parallel\n        parallelDelegations: [{ workflowId: team.leak, goal: Look }, { workflowId: team.around, goal: Again }]\n        synthesis: { prompt: Bring it together. }\n`;
  const library = await loadLibrary(nodeFileSystem, "workflows", team({ ".worktrain/workflows/leak.yaml": text("team.leak", "Leak").replace("description:", "tags: [Incident]\ndescription:"), ".worktrain/workflows/around.yaml": delegating }));
  if (!library.ok) throw new Error(library.error.message);
  const among = (...ids: string[]) => confidentialAmong(library.value, ids);
  expect([among("team.leak"), among("team.around"), among("wr.coding-task", "wr.security-audit"), among("wr.research", "team.nothing"), among(...PIPELINE_WORKFLOWS)]).toEqual(["team.leak", "team.leak", "wr.security-audit", null, null]);
});

test("what the App knows by name of the library's is what their tags say", async () => {
  const library = await loadLibrary(nodeFileSystem, "workflows", null);
  if (!library.ok) throw new Error(library.error.message);
  const ids = nodeFileSystem.list("workflows").flatMap((file) => (file.endsWith(".yaml") ? [`wr.${file.slice(0, -".yaml".length)}`] : []));
  expect(ids.length).toBeGreaterThan(20);
  expect(ids.filter((id) => confidentialAmong(library.value, [id]) === id).toSorted()).toEqual([...CONFIDENTIAL_WORKFLOWS].toSorted());
});
