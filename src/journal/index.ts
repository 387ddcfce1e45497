export * from "./journal.ts";
export * from "./segment-store.ts";
export { openMemoryJournal } from "./stores/memory.ts";
