/** The session trees a process has open: one journal each, the sessions in it, and the work under way on them. */
import { openDirectoryJournal, type DirectoryJournal } from "../../journal/index.ts";
import { type Recorded, sessionStream } from "../../record/index.ts";
import { type Refusal, TerminalError } from "../../shared/errors.ts";
import type { Clock, FileSystem } from "../../shared/ports.ts";
import type { Redact } from "../../shared/redact.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { SessionInit } from "../init.ts";
import { createSession, openSession } from "../open.ts";
import type { ContextAnswer, Session, SessionDeps } from "../session.ts";
import { readWorkspaceContext } from "./read-context.ts";
import { rootOf, type SessionFiles, type SessionPlaces } from "./session-files.ts";
import type { Verify } from "./verifier.ts";

/** Reads what an address in a session's task names. */
export type ReadTask = (url: string, signal?: AbortSignal) => Promise<ContextAnswer>;

interface TreeDeps {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly verifier: (workspacePath: string | null) => Verify;
  readonly readTask?: ReadTask | undefined;
  readonly redact: Redact;
}

/**
 * Trees by the id of their root. One whose journal takes no more, because another process has opened it since or a write failed,
 * is opened anew: so a disk that was full needs no new server.
 */
export class OpenTrees {
  readonly #deps: TreeDeps;
  readonly #files: SessionFiles;
  readonly #open = new Map<string, OpenTree>();

  constructor(deps: TreeDeps, files: SessionFiles) {
    this.#deps = deps;
    this.#files = files;
  }

  /** Starts the root session of a new tree. */
  async create(init: SessionInit, places: SessionPlaces): Promise<Result<OpenTree, Refusal>> {
    const tree = await this.#openTree(init.sessionId, places);
    const created = await tree.create(init);
    if (created.ok) return ok(tree);
    this.#open.delete(init.sessionId);
    await tree.close();
    return created;
  }

  /** The tree a session is in; null when there is none. */
  async open(sessionId: string): Promise<OpenTree | null> {
    const card = this.#files.card(rootOf(sessionId));
    if (card === null) return null;
    const known = this.#open.get(card.sessionId);
    if (known !== undefined && !known.ended()) return known;
    await known?.close();
    return this.#openTree(card.sessionId, card);
  }

  async close(): Promise<void> {
    for (const tree of this.#open.values()) await tree.close();
    this.#open.clear();
  }

  async #openTree(rootId: string, places: SessionPlaces): Promise<OpenTree> {
    const { workspacePath } = places;
    const { fs, clock, verifier, redact, readTask = async () => ({ value: null, reason: "addresses are not read here" }) } = this.#deps;
    const journal = await openDirectoryJournal({ directory: this.#files.journalDirectory(rootId), fs, clock, redact });
    const readContext: SessionDeps["readContext"] = async (source, signal) => (source.kind === "local_path" ? readWorkspaceContext(workspacePath, source.path) : readTask(source.url, signal));
    const tree = new OpenTree(journal, { journal, clock, redact, verify: verifier(workspacePath), readContext }, places);
    this.#open.set(rootId, tree);
    return tree;
  }
}

export class OpenTree {
  readonly places: SessionPlaces;
  readonly #deps: SessionDeps;
  readonly #journal: DirectoryJournal;
  readonly #sessions = new Map<string, Session>();
  readonly #running = new Map<string, { readonly ended: Promise<void>; readonly abort: AbortController }>();

  constructor(journal: DirectoryJournal, deps: SessionDeps, places: SessionPlaces) {
    this.#journal = journal;
    this.#deps = deps;
    this.places = places;
  }

  ended(): boolean {
    return this.#journal.ended();
  }

  async create(init: SessionInit): Promise<Result<Session, Refusal>> {
    try {
      const session = await createSession(this.#deps, init);
      this.#sessions.set(init.sessionId, session);
      return ok(session);
    } catch (error) {
      if (!(error instanceof TerminalError)) throw error;
      return err({ kind: "cannot-start", message: error.message, fix: error.fix });
    }
  }

  /** A session of the tree, or null when there is none. */
  async find(sessionId: string): Promise<Session | null> {
    const known = this.#sessions.get(sessionId);
    if (known !== undefined) return known;
    if ((await this.#journal.head(sessionStream(sessionId))) === null) return null;
    const opened = await openSession(this.#deps, sessionId);
    this.#sessions.set(sessionId, opened);
    return opened;
  }

  log(sessionId: string): Promise<readonly Recorded[]> {
    return this.#journal.read(sessionStream(sessionId));
  }

  /** The work under way on a session; it never rejects. */
  running(sessionId: string): Promise<void> | null {
    return this.#running.get(sessionId)?.ended ?? null;
  }

  /** Runs work on a session and keeps it as under way until it ends, whoever still waits for it. */
  run<T>(sessionId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const result = work(abort.signal);
    const ended = (): void => void this.#running.delete(sessionId);
    // Whoever waits for `result` gets its error; when nobody does, the log still asks for the work, and the next command makes it again.
    this.#running.set(sessionId, { ended: result.then(ended, ended), abort });
    return result;
  }

  /** Stops the work under way on a session; whoever waits for it gets the reason. */
  async abandon(sessionId: string, reason: TerminalError): Promise<void> {
    const running = this.#running.get(sessionId);
    running?.abort.abort(reason);
    await running?.ended;
  }

  async close(): Promise<void> {
    const reason = new TerminalError("The session was closed.", "Open it again: it goes on from its log.");
    await Promise.all([...this.#running.keys()].map((sessionId) => this.abandon(sessionId, reason)));
    await this.#journal.close();
  }
}
