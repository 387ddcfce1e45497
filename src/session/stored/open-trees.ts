/** The session trees a process has open: one journal each, the sessions in it, and the work under way on them. */
import { openDirectoryJournal, type DirectoryJournal } from "../../journal/index.ts";
import { type Recorded, sessionStream } from "../../record/index.ts";
import { type Refusal, TerminalError } from "../../shared/errors.ts";
import type { Clock, FileSystem } from "../../shared/ports.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { createSession, openSession } from "../open.ts";
import type { Session, SessionDeps } from "../session.ts";
import type { SessionFiles } from "./session-files.ts";
import type { StartRequest } from "./stored-sessions.ts";
import type { Verify } from "./verifier.ts";

interface TreeDeps {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly verifier: (workspacePath: string | null) => Verify;
}

/** Trees by the id of their root. Another process that opened a tree's journal since has the say: then it is opened anew. */
export class OpenTrees {
  readonly #deps: TreeDeps;
  readonly #files: SessionFiles;
  readonly #open = new Map<string, OpenTree>();

  constructor(deps: TreeDeps, files: SessionFiles) {
    this.#deps = deps;
    this.#files = files;
  }

  async create(sessionId: string, { plan, goal, context, workspacePath, autonomy }: StartRequest): Promise<Result<OpenTree, Refusal>> {
    const tree = await this.#openTree(sessionId, workspacePath);
    try {
      await createSession(tree.deps, { sessionId, itemId: null, parentSessionId: null, phase: null, plan, goal, context, autonomy });
      return ok(tree);
    } catch (error) {
      if (!(error instanceof TerminalError)) throw error;
      return err({ kind: "cannot-start", message: error.message, fix: error.fix });
    }
  }

  /** The tree a session is in; null when there is none. */
  async open(sessionId: string): Promise<OpenTree | null> {
    const card = this.#files.card(sessionId);
    if (card === null) return null;
    const known = this.#open.get(card.sessionId);
    if (known !== undefined && !known.replaced()) return known;
    await known?.close();
    return this.#openTree(card.sessionId, card.workspacePath);
  }

  async close(): Promise<void> {
    for (const tree of this.#open.values()) await tree.close();
    this.#open.clear();
  }

  async #openTree(rootId: string, workspacePath: string | null): Promise<OpenTree> {
    const { fs, clock, verifier } = this.#deps;
    const journal = await openDirectoryJournal({ directory: this.#files.journalDirectory(rootId), fs, clock });
    const tree = new OpenTree(journal, { journal, clock, verify: verifier(workspacePath) });
    this.#open.set(rootId, tree);
    return tree;
  }
}

export class OpenTree {
  readonly deps: SessionDeps;
  readonly #journal: DirectoryJournal;
  readonly #sessions = new Map<string, Session>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #abort = new AbortController();

  constructor(journal: DirectoryJournal, deps: SessionDeps) {
    this.#journal = journal;
    this.deps = deps;
  }

  replaced(): boolean {
    return this.#journal.replaced();
  }

  async session(sessionId: string): Promise<Session> {
    const known = this.#sessions.get(sessionId);
    if (known !== undefined) return known;
    const opened = await openSession(this.deps, sessionId);
    this.#sessions.set(sessionId, opened);
    return opened;
  }

  log(sessionId: string): Promise<readonly Recorded[]> {
    return this.#journal.read(sessionStream(sessionId));
  }

  /** The work under way on a session; it never rejects. */
  running(sessionId: string): Promise<void> | null {
    return this.#running.get(sessionId) ?? null;
  }

  /** Runs work on a session and keeps it as under way until it ends, whoever still waits for it. */
  run<T>(sessionId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const result = work(this.#abort.signal);
    const ended = (): void => void this.#running.delete(sessionId);
    // Whoever waits for `result` gets its error; when nobody does, the log still asks for the work, and the next command makes it again.
    this.#running.set(sessionId, result.then(ended, ended));
    return result;
  }

  async close(): Promise<void> {
    this.#abort.abort(new TerminalError("The session was closed.", "Open it again: it goes on from its log."));
    await Promise.all(this.#running.values());
    await this.#journal.close();
  }
}
