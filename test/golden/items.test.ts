import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { foldItem, next } from "../../src/engine/pipeline/index.ts";
import { itemEventSchema } from "../../src/record/index.ts";

const logs: Record<string, readonly { readonly event: unknown; readonly next: unknown }[]> = JSON.parse(readFileSync(join(import.meta.dirname, "items-0.1.json"), "utf8"));

describe("an item that 0.1 opened, before there were modes, goes on by the table it was opened under", () => {
  test.each(Object.entries(logs))("%s", (_name, log) => {
    const events = log.map(({ event }) => itemEventSchema.parse(event));
    for (const [index, decided] of log.entries()) expect(next(foldItem(events.slice(0, index + 1))), `after event ${index + 1}`).toEqual(decided.next);
  });
});
