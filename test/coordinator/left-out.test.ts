import { expect, test } from "vitest";
import { canonicalJson } from "../../src/shared/json.ts";
import { completeStep, itemWorld, workflow, write } from "./item-world.ts";

test("fault 57: the agent is told once which of its files no snapshot can hold", async () => {
  const steps = ["one", "two", "three"].map((id) => `  - { id: ${id}, title: ${id}, prompt: Do it. }\n`).join("");
  const world = await itemWorld({ workflowId: "wr.ask", workflows: [workflow("wr.ask", steps)], turns: { "wr.ask": [write("a.txt", "x"), completeStep(), completeStep(), completeStep()] } });
  const [base, tree] = ["a".repeat(40), "b".repeat(40)];
  const unsupported = [{ path: "pipe.sock", reason: "a socket is in the place of the file" }];
  let saved = false;
  world.workspace.save = async (putBlob) => {
    if (saved) return null;
    saved = true;
    return { base, tree, manifest: await putBlob(Buffer.from(canonicalJson({ v: 1, base, tree, entries: [], unsupported }))), changedFiles: 0 };
  };
  try {
    expect(await world.run()).toMatchObject({ ending: "completed" });
    const answers = (await world.everything()).flatMap((event) => (event.kind === "tool_completed" && event.data.name === "complete_step" ? [event.data.content] : []));
    expect(answers.map((answer) => answer.includes(`"pipe.sock": a socket`))).toEqual([true, false, false]);
  } finally {
    await world.model.close();
  }
});
