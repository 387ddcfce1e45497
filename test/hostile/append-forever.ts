/** Appends to the journal directory given as argument until it is killed, and prints the seq of each append after it was acknowledged. */
import { writeSync } from "node:fs";
import { openDirectoryJournal } from "../../src/journal/index.ts";
import { nodeClock, nodeFileSystem } from "../../src/shared/node-ports.ts";

const STDOUT = 1;
const stream = "session/killed";
const journal = await openDirectoryJournal({ directory: process.argv[2] ?? "", fs: nodeFileSystem, clock: nodeClock });
for (let head = await journal.head(stream); ; ) {
  const blob = await journal.putBlob(Buffer.from(`blob after ${head?.seq ?? 0}`));
  const result = await journal.append(stream, head, [{ kind: "steered", data: { turn: 1, source: "person", text: blob } }]);
  if (!result.ok) throw new Error(result.error.message);
  head = result.value;
  writeSync(STDOUT, `${head.seq}\n`);
}
