import { describe, expect, test } from "vitest";
import type { Journal } from "../../src/journal/index.ts";
import type { Head, RecordEvent } from "../../src/record/index.ts";
import { EVENT_LIMIT_BYTES } from "../../src/record/index.ts";
import { TerminalError } from "../../src/shared/errors.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { createRedactor, type Redact } from "../../src/shared/redact.ts";
import { steered } from "./events.ts";

const SECRET = "hunter2-hunter2";

export async function appendOk(journal: Journal, stream: string, after: Head | null, events: readonly RecordEvent[]): Promise<Head> {
  const result = await journal.append(stream, after, events);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** What every journal store must do. `open` gives a fresh, empty journal each time. */
export function describeJournal(name: string, open: (options: { redact?: Redact }) => Promise<Journal>): void {
  describe(name, () => {
    test("a new journal has no streams and is epoch 1", async () => {
      const journal = await open({});
      expect(journal.epoch).toBe(1);
      expect(await journal.streams()).toEqual([]);
      expect(await journal.read("session/a")).toEqual([]);
      expect(await journal.head("session/a")).toBeNull();
    });

    test("what was appended is read back in order, with its place", async () => {
      const journal = await open({});
      const first = await appendOk(journal, "session/a", null, [steered("one"), steered("two")]);
      const second = await appendOk(journal, "session/a", first, [steered("three")]);
      const events = await journal.read("session/a");
      expect(events.map((event) => [event.seq, event.epoch, event.stream])).toEqual([1, 2, 3].map((seq) => [seq, 1, "session/a"]));
      expect(events.map((event) => (event.kind === "steered" ? event.data.text : ""))).toEqual(["one", "two", "three"]);
      expect(await journal.head("session/a")).toEqual(second);
      expect(second.seq).toBe(3);
    });

    test("streams are independent and listed sorted", async () => {
      const journal = await open({});
      await appendOk(journal, "session/b", null, [steered("b")]);
      await appendOk(journal, "item/7/issue-12/1", null, [{ kind: "delivery_ended", data: { outcome: "said", reason: null } }]);
      await appendOk(journal, "session/a", null, [steered("a")]);
      expect(await journal.streams()).toEqual(["item/7/issue-12/1", "session/a", "session/b"]);
    });

    test("an append after anything but the head is a conflict and changes nothing (J1)", async () => {
      const journal = await open({});
      const first = await appendOk(journal, "session/a", null, [steered("one")]);
      await appendOk(journal, "session/a", first, [steered("two")]);
      for (const wrong of [null, first, { seq: 2, hash: "f".repeat(64) }]) {
        const result = await journal.append("session/a", wrong, [steered("late")]);
        expect(result).toMatchObject({ ok: false, error: { kind: "conflict" } });
      }
      expect(await journal.read("session/a")).toHaveLength(2);
    });

    test("fault 10: an event over the limit is refused with both numbers, and nothing of its append is kept", async () => {
      const journal = await open({});
      const result = await journal.append("session/a", null, [steered("small"), steered("x".repeat(EVENT_LIMIT_BYTES))]);
      expect(result).toMatchObject({ ok: false, error: { kind: "event-too-large", message: expect.stringContaining(String(EVENT_LIMIT_BYTES)) } });
      expect(await journal.streams()).toEqual([]);
    });

    test("an event that could not be read back is a bug and is not written", async () => {
      const journal = await open({});
      // @ts-expect-error the event is wrong on purpose
      await expect(journal.append("session/a", null, [{ kind: "steered", data: { turn: "x" } }])).rejects.toThrow(TerminalError);
      await expect(journal.append("no-stream", null, [steered("x")])).rejects.toThrow(TerminalError);
      await expect(journal.append("session/a", null, [])).rejects.toThrow(TerminalError);
      expect(await journal.streams()).toEqual([]);
    });

    test("fault 13: lone surrogates, NUL and odd text leave the log valid UTF-8, one line an event", async () => {
      const journal = await open({});
      const texts = ["\ud800 lone", "nul \0 here", "line\nbreak \u2028 \u2029", "\u{1f600} é", "\r\t\\\""];
      await appendOk(journal, "session/a", null, texts.map(steered));
      const { lines } = await journal.since(null);
      expect(lines).toHaveLength(texts.length);
      for (const line of lines) {
        expect(line.isWellFormed()).toBe(true);
        expect(line).not.toContain("\n");
      }
      const read = (await journal.read("session/a")).map((event) => (event.kind === "steered" ? event.data.text : ""));
      expect(read).toEqual(texts.map((text) => text.toWellFormed()));
    });

    test("an event handed in and changed afterwards does not change the journal", async () => {
      const journal = await open({});
      const event = { kind: "steered" as const, data: { turn: 1, source: "person" as const, text: "before" } };
      await appendOk(journal, "session/a", null, [event]);
      event.data.text = "after";
      expect((await journal.read("session/a"))[0]).toMatchObject({ data: { text: "before" } });
    });

    test("I6: secrets are gone before the line is made, and a changed model turn says so", async () => {
      const journal = await open({ redact: createRedactor([SECRET]) });
      const turn = (text: string): RecordEvent => ({
        kind: "turn_completed",
        data: {
          turn: 1,
          turnKey: "k",
          content: [{ type: "text", text, [`key-${text}`]: 1 }],
          stopReason: "end_turn",
          usage: { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 },
          requestId: null,
          costMicroUsd: 1,
        },
      });
      await appendOk(journal, "session/a", null, [turn(`it is ${SECRET}.`), turn("plain"), steered(SECRET)]);
      const [changed, plain] = await journal.read("session/a");
      expect(changed).toMatchObject({ data: { redacted: true, content: [{ text: "it is [redacted]." }] } });
      expect(plain?.data).not.toHaveProperty("redacted");
      expect((await journal.since(null)).lines.join("\n")).not.toContain(SECRET);
    });

    test("blobs are kept by their hash, once", async () => {
      const journal = await open({});
      const bytes = new Uint8Array([0, 255, 10, 13]);
      const sha256 = await journal.putBlob(bytes);
      expect(sha256).toBe(sha256Hex(bytes));
      expect(await journal.putBlob(bytes)).toBe(sha256);
      expect(Buffer.from((await journal.getBlob(sha256)) ?? [])).toEqual(Buffer.from(bytes));
      expect((await journal.since(null)).blobs).toHaveLength(1);
      expect(await journal.getBlob("0".repeat(64))).toBeNull();
      expect(await journal.getBlob("../../etc/passwd")).toBeNull();
    });

    test("since gives what came after the cursor, in the order of appending over all streams", async () => {
      const journal = await open({});
      const head = await appendOk(journal, "session/a", null, [steered("one")]);
      const first = await journal.since(null);
      expect(first.lines).toHaveLength(1);
      await appendOk(journal, "session/b", null, [steered("two")]);
      await appendOk(journal, "session/a", head, [steered("three")]);
      const sha256 = await journal.putBlob(Buffer.from("blob"));
      const second = await journal.since(first.cursor);
      expect(second.lines.map((line) => JSON.parse(line).data.text)).toEqual(["two", "three"]);
      expect(second.blobs.map((blob) => blob.sha256)).toEqual([sha256]);
      expect(await journal.since(second.cursor)).toMatchObject({ lines: [], blobs: [] });
    });

    test("a closed journal takes nothing more", async () => {
      const journal = await open({});
      await journal.close();
      await journal.close();
      await expect(journal.append("session/a", null, [steered("late")])).rejects.toThrow(TerminalError);
    });
  });
}
