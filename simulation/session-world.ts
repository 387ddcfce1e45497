/**
 * One session on one journal: random work by the rules of a workflow, while the machine loses power, the disk fills up, a rival opens
 * the same journal, segments do not arrive and GitHub's answers get lost. What must hold is checked on the way.
 */
import { evolve, initialState, snapshotOf, type SessionState } from "../src/engine/session/index.ts";
import { createEffectRunner, type Confirmed, type Effect } from "../src/github/write/index.ts";
import { assembleSegments, createSegmentSaver, decodeSegment, NameTakenError, openDirectoryJournal, seedDirectory, type DirectoryJournal, type Journal, type SegmentRef, type SegmentSaver, type SegmentStore } from "../src/journal/index.ts";
import { itemStream, sessionStream, type EngineEvent, type Head, type Recorded } from "../src/record/index.ts";
import { createSession, openSession, type Session, type SessionDeps, type SubmitResult } from "../src/session/index.ts";
import { RetryableError, TerminalError, type Refusal } from "../src/shared/errors.ts";
import { sha256Hex } from "../src/shared/hash.ts";
import { canonicalJson } from "../src/shared/json.ts";
import type { Clock } from "../src/shared/ports.ts";
import type { Plan } from "../src/workflow/index.ts";
import { outputFor } from "../test/fakes/drive-session.ts";
import { MachineOff, memoryDisk, type CrashChoice } from "../test/fakes/file-system.ts";
import { diceOf, type Dice } from "./dice.ts";
import { SMALL_WORKFLOWS } from "./small-workflows.ts";

/** One thing that is done in a world, or goes wrong; a world is a list of them. */
export type Move =
  /** What fits where the session stands, done well or badly. */
  | { readonly kind: "work"; readonly good: boolean; readonly pick: number }
  | { readonly kind: "odd"; readonly what: (typeof ODD)[number]; readonly pick: number }
  /** What the journal gained goes into a segment. */
  | { readonly kind: "save"; readonly store: (typeof STORE_TROUBLE)[number] }
  /** One of three wishes on GitHub. */
  | { readonly kind: "effect"; readonly key: number; readonly trouble: (typeof EFFECT_TROUBLE)[number] }
  /** So many system calls later the machine loses its power. */
  | { readonly kind: "power-cut"; readonly calls: number; readonly choice: CrashChoice }
  /** The process ends here; its machine goes on. */
  | { readonly kind: "kill" }
  /** Another process opens the journal, and this one goes on without knowing. */
  | { readonly kind: "rival" }
  | { readonly kind: "sync-fails"; readonly code: "EIO" | "ENOSPC" }
  | { readonly kind: "disk-full"; readonly bytes: number }
  | { readonly kind: "clock"; readonly byMs: number };

const ODD = ["rewind", "checkpoint", "unknown-child", "empty-output", "unknown-gate", "old-node", "odd-context"] as const;
const STORE_TROUBLE = ["none", "none", "none", "outage", "answer-lost", "half-done"] as const;
const EFFECT_TROUBLE = ["none", "none", "lost", "answer-lost", "answer-lost-and-lists-late", "dies-before", "dies-after", "refused"] as const;

export interface SessionPlan {
  readonly plan: Plan;
  /** A runner's machine is lost with its process, and goes on from segments; a person's keeps its disk. */
  readonly machine: "runner" | "own";
  readonly autonomy: "guided" | "full_auto_stop_on_user_deps" | "full_auto_never_stop";
  readonly moves: readonly Move[];
}

/** The world of a seed. */
export function sessionPlanOf(seed: number): SessionPlan {
  const dice = diceOf(seed, "session");
  return {
    plan: dice.pick(SMALL_WORKFLOWS),
    machine: dice.pick(["runner", "own"] as const),
    autonomy: dice.pick(["guided", "guided", "full_auto_stop_on_user_deps", "full_auto_never_stop"] as const),
    moves: Array.from({ length: 4 + dice.below(12) }, () => move(dice)),
  };
}

function move(dice: Dice): Move {
  const roll = dice.below(100);
  if (roll < 55) return { kind: "work", good: dice.chance(0.85), pick: dice.below(2) };
  if (roll < 63) return { kind: "odd", what: dice.pick(ODD), pick: dice.below(4) };
  if (roll < 76) return { kind: "save", store: dice.pick(STORE_TROUBLE) };
  if (roll < 85) return { kind: "effect", key: dice.below(3), trouble: dice.pick(EFFECT_TROUBLE) };
  if (roll < 91) return { kind: "power-cut", calls: 1 + dice.below(30), choice: { unsynced: dice.pick(["lost", "kept", "zeroed", "holed", dice.next()] as const), names: dice.pick(["lost", "kept"] as const) } };
  if (roll < 94) return { kind: "kill" };
  if (roll < 96) return { kind: "rival" };
  if (roll < 98) return { kind: "clock", byMs: dice.pick([-1, 1]) * dice.below(7_200_000) };
  return dice.chance(0.5) ? { kind: "sync-fails", code: dice.pick(["EIO", "ENOSPC"] as const) } : { kind: "disk-full", bytes: dice.below(4_000) };
}

export function moveWords(each: Move): string {
  switch (each.kind) {
    case "work":
      return each.good ? `the step is worked (choice ${each.pick})` : "the step is handed over with nothing in it";
    case "odd":
      return `an odd command: ${each.what} ${each.pick}`;
    case "save":
      return each.store === "none" ? "a segment is saved" : `a segment is saved (${each.store})`;
    case "effect":
      return each.trouble === "none" ? `effect ${each.key}` : `effect ${each.key} (${each.trouble})`;
    case "power-cut":
      return `the power fails after ${each.calls} more system calls; what was not synced: ${typeof each.choice.unsynced === "number" ? `${Math.round(each.choice.unsynced * 100)} % of it is there` : each.choice.unsynced}, names ${each.choice.names}`;
    case "kill":
      return "the process is killed";
    case "rival":
      return "another process opens the journal";
    case "sync-fails":
      return `the next sync fails: ${each.code}`;
    case "disk-full":
      return `the disk has ${each.bytes} bytes left`;
    case "clock":
      return `the clock jumps by ${each.byMs} ms`;
  }
}

const SESSION = "s1";
const ITEM = "7/issue-1/1";
const DIRECTORY = "/data";
const STREAM = sessionStream(SESSION);

/** Plays a world. @returns what did not hold, one line each, and what was done */
export async function playSession(seed: number, world: SessionPlan): Promise<{ readonly violations: readonly string[]; readonly trace: readonly string[] }> {
  const player = new SessionPlayer(seed, world);
  return player.play();
}

/** Where a process is: it has a journal and, once it was opened, the session. */
interface Running {
  readonly journal: DirectoryJournal;
  readonly session: Session;
  readonly saver: SegmentSaver;
}

class SessionPlayer {
  readonly #world: SessionPlan;
  readonly #dice: Dice;
  readonly #violations: string[] = [];
  readonly #trace: string[] = [];
  #disk = memoryDisk({ fromBytes: 2_048, bytes: 4_096 });
  /** What each power cut does, in order. */
  #cut: CrashChoice | null = null;
  #running: Running | null = null;
  /** Events whose append resolved, by stream, as canonical JSON. */
  readonly #acknowledged = new Map<string, string[]>();
  /** How much of each stream acknowledged segments hold. */
  #saved = new Map<string, number>();
  /** Which segment each stored one goes on from. */
  readonly #previousOf = new Map<string, string | null>();
  readonly #stored: { ref: SegmentRef; bytes: Uint8Array }[] = [];
  #previous: readonly { digest: string; bytes: Uint8Array }[] = [];
  #storeTrouble: (typeof STORE_TROUBLE)[number] = "none";
  readonly #halfDone = new Set<string>();
  #effectTrouble: (typeof EFFECT_TROUBLE)[number] = "none";
  readonly #made: { readonly id: string; readonly key: number; readonly seenFromMs: number }[] = [];
  #nowMs = Date.UTC(2026, 0, 1);
  #elapsedMs = 0;
  #runs = 0;

  constructor(seed: number, world: SessionPlan) {
    this.#world = world;
    this.#dice = diceOf(seed, "session", "play");
  }

  async play(): Promise<{ readonly violations: readonly string[]; readonly trace: readonly string[] }> {
    for (const each of this.#world.moves) {
      this.#trace.push(moveWords(each));
      await this.#guarded(() => this.#do(each));
      if (this.#violations.length > 0) break;
    }
    // At the end everything is in order again, and what was acknowledged has to be there.
    this.#disk.setFreeBytes(null);
    this.#die();
    if (this.#violations.length === 0) await this.#guarded(() => this.#open().then(() => undefined));
    if (this.#running === null && this.#violations.length === 0) await this.#guarded(() => this.#open().then(() => undefined));
    if (this.#running === null && this.#violations.length === 0) this.#violations.push("I1: with everything in order again the journal does not open.");
    this.#checkEffects();
    return { violations: this.#violations, trace: this.#trace };
  }

  /** What a process may die of, or refuse with, ends it; anything else is a bug. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof MachineOff || (this.#cut !== null && this.#isOff())) return this.#powerCut();
      const expected = error instanceof TerminalError || error instanceof RetryableError || error instanceof ProcessDied || (error instanceof Error && "code" in error);
      if (!expected) this.#violations.push(`no bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      this.#trace.push(`    the process ends: ${error instanceof Error ? error.message : String(error)}`);
      this.#die();
    }
  }

  #isOff(): boolean {
    try {
      this.#disk.fileSystem.size("/");
      return false;
    } catch (error) {
      return error instanceof MachineOff;
    }
  }

  #powerCut(): void {
    this.#trace.push("    the power is gone");
    const choice = this.#cut ?? { unsynced: "lost", names: "lost" };
    this.#cut = null;
    this.#running = null;
    if (this.#world.machine === "own") this.#disk.powerCut(choice);
    else this.#disk = memoryDisk({ fromBytes: 2_048, bytes: 4_096 });
  }

  #die(): void {
    this.#running = null;
    if (this.#world.machine === "own") this.#disk.powerOn();
    else this.#disk = memoryDisk({ fromBytes: 2_048, bytes: 4_096 });
    this.#cut = null;
  }

  async #do(each: Move): Promise<void> {
    switch (each.kind) {
      case "power-cut":
        this.#cut = each.choice;
        return this.#disk.crashAtCall(this.#disk.calls + each.calls);
      case "kill":
        return this.#die();
      case "sync-fails":
        return this.#disk.failNextSync(each.code);
      case "disk-full":
        return this.#disk.setFreeBytes(each.bytes);
      case "clock":
        this.#nowMs += each.byMs;
        return;
      case "rival":
        await this.#open();
        // Only a person's machine has others that open the same journal.
        return this.#world.machine === "own" ? this.#rival() : undefined;
      case "save":
        return this.#save((await this.#open()).saver, each.store);
      case "effect":
        return this.#effect(await this.#open(), each);
      case "work":
      case "odd":
        return this.#command((await this.#open()).session, each);
    }
  }

  readonly #clock: Clock = {
    nowMs: () => this.#nowMs + this.#elapsedMs,
    monotonicMs: () => this.#elapsedMs,
    sleep: async (ms) => {
      this.#elapsedMs += ms;
    },
  };

  // --- the process

  async #open(): Promise<Running> {
    if (this.#running !== null) return this.#running;
    const fs = this.#disk.fileSystem;
    this.#runs += 1;
    this.#previous = [];
    if (this.#world.machine === "runner") await this.#restore();
    const journal = await openDirectoryJournal({ directory: DIRECTORY, fs, clock: this.#clock });
    this.#checkNothingLost(await journal.streams(), await Promise.all((await journal.streams()).map((stream) => journal.read(stream))));
    const deps = this.#deps(this.#acknowledging(journal));
    const there = (await journal.head(STREAM)) !== null;
    const session = there ? await openSession(deps, SESSION) : await createSession(deps, { sessionId: SESSION, itemId: null, parentSessionId: null, phase: null, plan: this.#world.plan, goal: "see https://x.example/1", context: { a: 3, list: [{ x: 1 }, "two"], areas: ["north", "south"] }, autonomy: this.#world.autonomy });
    const saver = createSegmentSaver({ journal, store: this.#store(), clock: this.#clock, item: { repositoryId: 7, subject: "issue-1", attempt: 1 }, runId: this.#runs, runAttempt: 1, previous: this.#previous.at(-1)?.digest ?? null });
    this.#running = { journal, session, saver };
    await this.#checkReplay(journal, session);
    return this.#running;
  }

  /** A new machine goes on from the segments that lead to the newest. */
  async #restore(): Promise<void> {
    const byDigest = new Map(this.#stored.map(({ ref, bytes }) => [ref.digest, bytes]));
    const newest = this.#stored.at(-1)?.ref.digest;
    if (newest === undefined) return;
    const chain: { digest: string; bytes: Uint8Array }[] = [];
    for (let digest: string | null | undefined = newest; digest !== null && digest !== undefined; digest = this.#previousOf.get(digest)) {
      const bytes = byDigest.get(digest);
      if (bytes !== undefined) chain.unshift({ digest, bytes });
    }
    const assembled = assembleSegments(chain);
    if (!assembled.ok) return void this.#violations.push(`I1: what was saved cannot be put together: ${assembled.error.message}`);
    this.#previous = chain;
    await seedDirectory({ directory: DIRECTORY, fs: this.#disk.fileSystem, assembled: assembled.value });
  }

  #deps(journal: Journal): SessionDeps {
    return {
      journal,
      clock: this.#clock,
      verify: async () => ({ exitCode: this.#dice.chance(0.7) ? 0 : 1, timedOut: false, outputTail: "t", durationMs: 1, sandbox: "none" }),
      readContext: async () => (this.#dice.chance(0.5) ? { value: "found" } : { value: null, reason: null }),
    };
  }

  /** The journal, with what it acknowledged noted. */
  #acknowledging(journal: DirectoryJournal): Journal {
    return {
      ...journal,
      epoch: journal.epoch,
      append: async (stream, after, events) => {
        const done = await journal.append(stream, after, events);
        if (done.ok) this.#acknowledged.set(stream, [...(this.#acknowledged.get(stream) ?? []).slice(0, after?.seq ?? 0), ...events.map(asText)]);
        return done;
      },
    };
  }

  /** Somebody else goes on with the session, and this process does not know. */
  async #rival(): Promise<void> {
    const journal = await openDirectoryJournal({ directory: DIRECTORY, fs: this.#disk.fileSystem, clock: this.#clock });
    const session = await openSession(this.#deps(this.#acknowledging(journal)), SESSION);
    await session.checkpoint("The rival was here.");
  }

  // --- what is done

  async #command(session: Session, each: Extract<Move, { kind: "work" | "odd" }>): Promise<void> {
    const refusal = await (each.kind === "work" ? this.#work(session, each) : this.#odd(session, each));
    if (refusal !== null && (refusal.message === "" || refusal.fix === "")) this.#violations.push(`A refusal (${refusal.kind}) has no words.`);
  }

  async #work(session: Session, { good, pick }: Extract<Move, { kind: "work" }>): Promise<Refusal | null> {
    const state = session.state();
    switch (state.kind) {
      case "gate":
        return refusalOf(await session.resolveGate({ verdict: good ? "approved" : "rejected", reason: "r", by: "b" }));
      case "delegating": {
        const child = session.pending().find(({ kind }) => kind === "child");
        return child === undefined ? null : refusalOf(await session.finishChild({ childId: child.id, sessionId: "x", outcome: good ? "completed" : "blocked", summary: "s", artifacts: [] }));
      }
      case "step": {
        const offer = session.offer();
        return refusalOf(await session.submit(offer === null || !good ? { notes: "", artifacts: [], context: {} } : outputFor(offer, pick)));
      }
      default:
        return refusalOf(await session.resume());
    }
  }

  async #odd(session: Session, { what, pick }: Extract<Move, { kind: "odd" }>): Promise<Refusal | null> {
    switch (what) {
      case "rewind":
        return refusalOf(await session.rewind(`n${1 + pick}`));
      case "checkpoint": {
        const made = await session.checkpoint("n");
        return made.ok ? null : made.error;
      }
      case "unknown-child":
        return refusalOf(await session.finishChild({ childId: `n1.${pick + 1}`, sessionId: null, outcome: "stopped", summary: "s", artifacts: [] }));
      case "empty-output":
        return refusalOf(await session.submit({ notes: "", artifacts: [], context: {} }));
      case "unknown-gate":
        return refusalOf(await session.resolveGate({ verdict: "approved", reason: "r", by: "b" }, { nodeId: `n${pick}` }));
      case "old-node":
        return refusalOf(await session.submit({ notes: "Done.", artifacts: [], context: {} }, { nodeId: `n${pick}` }));
      case "odd-context":
        return refusalOf(await session.submit({ notes: "Done.", artifacts: [], context: { a: pick === 0 ? "x" : [1], list: ["p", "q"] } }));
    }
  }

  async #save(saver: SegmentSaver, trouble: (typeof STORE_TROUBLE)[number]): Promise<void> {
    if (this.#world.machine === "own") return;
    this.#storeTrouble = trouble;
    const held = new Map([...this.#acknowledged].map(([stream, events]) => [stream, events.length]));
    await saver.save({ phase: "code", step: "s", costMilliUsd: 0, ending: null });
    this.#saved = held;
  }

  #store(): SegmentStore {
    const runId = this.#runs;
    const find = (name: string): SegmentRef | null => this.#stored.find(({ ref }) => ref.name === name)?.ref ?? null;
    return {
      put: async (name, bytes) => {
        const trouble = this.#storeTrouble;
        this.#storeTrouble = "none";
        if (trouble === "outage") throw new RetryableError("The store did not answer.");
        if (find(name) !== null || this.#halfDone.has(name)) throw new NameTakenError(`There is ${name} already.`);
        if (trouble === "half-done") {
          this.#halfDone.add(name);
          throw new RetryableError("The upload broke off.");
        }
        const ref: SegmentRef = { id: this.#stored.length + 1, runId, name, digest: sha256Hex(bytes) };
        this.#stored.push({ ref, bytes });
        const segment = decodeSegment(bytes);
        if (segment.ok) this.#previousOf.set(ref.digest, segment.value.previous);
        if (trouble === "answer-lost") throw new RetryableError("The answer was lost.");
        return ref;
      },
      find: async (name) => find(name),
    };
  }

  async #effect({ journal }: Running, { key, trouble }: Extract<Move, { kind: "effect" }>): Promise<void> {
    this.#effectTrouble = trouble;
    const stream = itemStream(ITEM);
    const runner = createEffectRunner({
      clock: this.#clock,
      onConfirmed: async (effect, { id, url, adopted }) => {
        const head: Head | null = await journal.head(stream);
        const done = await journal.append(stream, head, [{ kind: "effect_confirmed", data: { key: effect.key, intent: "comment", id, url, adopted } }]);
        if (!done.ok) throw new TerminalError(done.error.message, done.error.fix);
      },
    });
    await runner.apply(this.#wish(key));
  }

  #wish(key: number): Effect {
    const visible = (): readonly { readonly id: string }[] => this.#made.filter((made) => made.key === key && made.seenFromMs <= this.#elapsedMs).toSorted((a, b) => Number(a.id) - Number(b.id));
    const confirmed = (id: string): Confirmed => ({ id, url: null });
    return {
      key: `comment:${key}`,
      description: `comment ${key}`,
      lookUp: async () => {
        const [first] = visible();
        return first === undefined ? null : confirmed(first.id);
      },
      write: async () => {
        const trouble = this.#effectTrouble;
        this.#effectTrouble = "none";
        if (trouble === "lost") throw lostAnswer();
        if (trouble === "refused") throw Object.assign(new Error("Validation Failed"), { status: 422, response: { headers: {}, data: { message: "Validation Failed" } } });
        if (trouble === "dies-before") throw new ProcessDied("before the write");
        const id = String(this.#made.length + 1);
        this.#made.push({ id, key, seenFromMs: trouble === "answer-lost-and-lists-late" ? this.#elapsedMs + 7_000 : 0 });
        if (trouble === "dies-after") throw new ProcessDied("after the write");
        if (trouble.startsWith("answer-lost")) throw lostAnswer();
        return confirmed(id);
      },
    };
  }

  // --- what must hold

  /** I1: a journal that opens holds what was acknowledged; a new machine's, what the acknowledged segments hold. */
  #checkNothingLost(streams: readonly string[], logs: readonly (readonly Recorded[])[]): void {
    const there = new Map(streams.map((stream, index) => [stream, logs[index]?.map(asText) ?? []]));
    for (const [stream, events] of this.#acknowledged) {
      const found = there.get(stream) ?? [];
      const must = this.#world.machine === "own" ? events.length : (this.#saved.get(stream) ?? 0);
      const prefix = Math.max(must, Math.min(found.length, events.length));
      if (found.length < must) this.#violations.push(`I1: ${stream} has ${found.length} of ${must} acknowledged events.`);
      else if (canonicalJson(found.slice(0, prefix)) !== canonicalJson(events.slice(0, prefix))) this.#violations.push(`I1: ${stream} holds something else than was acknowledged.`);
      // What was written and not acknowledged may be there; from now on it counts.
      this.#acknowledged.set(stream, found);
    }
    for (const [stream, events] of there) if (!this.#acknowledged.has(stream)) this.#acknowledged.set(stream, events);
  }

  /** I3: the state equals the log's fold. */
  async #checkReplay(journal: DirectoryJournal, session: Session): Promise<void> {
    const events = (await journal.read(STREAM)).filter((event): event is Recorded<EngineEvent> => event.stream === STREAM);
    const replayed = events.reduce<SessionState>(evolve, initialState);
    if (canonicalJson(snapshotOf(replayed)) !== canonicalJson(snapshotOf(session.state()))) this.#violations.push("I3: replaying the log gives another state.");
  }

  /** I2: whatever got lost, there is one of each. */
  #checkEffects(): void {
    for (const key of new Set(this.#made.map((made) => made.key))) {
      const count = this.#made.filter((made) => made.key === key).length;
      if (count > 1) this.#violations.push(`I2: effect ${key} was done ${count} times.`);
    }
  }
}

/** The process ended in the middle of a request. */
class ProcessDied extends Error {}

const lostAnswer = (): Error => Object.assign(new Error("socket hang up"), { status: 500 });

const refusalOf = (result: SubmitResult): Refusal | null => (result.kind === "refused" ? result.refusal : null);

const asText = ({ kind, data }: { readonly kind: string; readonly data: unknown }): string => canonicalJson({ kind, data });
