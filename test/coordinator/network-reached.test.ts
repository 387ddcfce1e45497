import { expect, onTestFinished, test } from "vitest";
import { classification, cleanReview, completeStep, handoff, itemWorld, write } from "./item-world.ts";

test("attack 10: what commands reached is in the record of the session that ran them, each count once, the verification's too", async () => {
  const counts = [
    [{ host: "registry.example.org:443", requests: 3, refused: 0, sentBytes: 900, receivedBytes: 70_000 }],
    [],
    [{ host: "evil.example.com:443", requests: 0, refused: 1, sentBytes: 0, receivedBytes: 0 }],
  ];
  let reaching = false;
  const world = await itemWorld({
    turns: {
      "wr.classify-task": [classification],
      "wr.coding-task": ({ turnIndex }) => {
        reaching = true;
        return [write("a.txt", "mended"), completeStep(), completeStep(), handoff][turnIndex] ?? [];
      },
      "wr.mr-review": [cleanReview],
    },
    reached: () => (reaching ? (counts.shift() ?? []) : []),
  });
  onTestFinished(() => world.model.close());
  expect((await world.run()).ending).toBe("ready");
  const streams = await world.journal.streams();
  const reached: string[] = [];
  for (const stream of streams) {
    for (const event of await world.journal.read(stream)) {
      if (event.kind === "network_reached") reached.push(`${stream.replace(/-[0-9a-f]+$/, "")} ${event.data.hosts.map(({ host, requests, refused }) => `${host} ${requests} ${refused}`).join()}`);
    }
  }
  expect(reached).toEqual(["session/code-1 registry.example.org:443 3 0", "session/code-1 evil.example.com:443 0 1"]);
});
