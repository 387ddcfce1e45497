import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOrder } from "../src/feed.js";
import { createInbox } from "../src/inbox.js";
import { memoryStore } from "../src/memory-store.js";

test("an order that comes twice is taken once", async () => {
  const inbox = createInbox(memoryStore());
  const order = parseOrder("A-17;3;blue chair");
  assert.equal(await inbox.take(order), true);
  assert.equal(await inbox.take(order), false);
  assert.deepEqual(inbox.taken(), [order]);
});

test("orders with different ids are both taken", async () => {
  const inbox = createInbox(memoryStore());
  await inbox.take(parseOrder("A-17;3;blue chair"));
  await inbox.take(parseOrder("A-18;3;blue chair"));
  assert.equal(inbox.taken().length, 2);
});
