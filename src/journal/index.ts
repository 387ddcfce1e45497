export * from "./journal.ts";
export * from "./segment-store.ts";
export { openMemoryJournal } from "./stores/memory.ts";
export { openDirectoryJournal, openDirectoryReader } from "./stores/directory.ts";
export type { DirectoryJournal, DirectoryJournalReader } from "./stores/directory.ts";
