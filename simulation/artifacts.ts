/** The artifact store of a simulated run, and what becomes of what it holds. */
import { RetryableError, TerminalError } from "../src/shared/errors.ts";
import { sha256Hex } from "../src/shared/hash.ts";
import { put } from "../src/hosts/demo/github/state.ts";
import { NameTakenError, type SegmentRef, type SegmentStore } from "../src/journal/index.ts";
import { diceOf } from "./dice.ts";
import type { SimGitHub } from "./github.ts";
import type { SimProcess } from "./process.ts";
import type { Trouble } from "./trouble.ts";

export interface StoredSegment {
  readonly ref: SegmentRef;
  readonly bytes: Uint8Array;
  readonly atMs: number;
  /** Whether the process that stored it heard of it. */
  acknowledged: boolean;
}

export class SimArtifacts {
  /** Everything that was ever stored, oldest first. */
  readonly stored: StoredSegment[] = [];
  readonly #github: SimGitHub;
  readonly #troubles: readonly Trouble[];
  readonly #trace: (line: string) => void;
  readonly #dice;
  /** Names whose upload began and never ended, by run. */
  readonly #halfDone = new Set<string>();
  #uploads = 0;

  constructor(github: SimGitHub, options: { readonly seed: number; readonly troubles: readonly Trouble[]; readonly trace: (line: string) => void }) {
    this.#github = github;
    this.#troubles = options.troubles;
    this.#trace = options.trace;
    this.#dice = diceOf(options.seed, "artifacts");
  }

  storeOf(process: SimProcess, runId: number): SegmentStore {
    const find = (name: string): SegmentRef | null => this.stored.find(({ ref }) => ref.runId === runId && ref.name === name)?.ref ?? null;
    return {
      put: async (name, bytes) => {
        this.#uploads += 1;
        const nth = this.#uploads;
        const trouble = this.#troubles.find((each) => each.kind === "upload" && each.nth === nth);
        const what = trouble?.kind === "upload" ? trouble.what : null;
        const segment = await process.call(100 + this.#dice.below(900), () => {
          this.#trace(`${process.name} uploads ${name}${what === null ? "" : ` (${what})`}`);
          if (what === "quota") throw new TerminalError("Artifact storage quota has been hit.", "Delete old artifacts.");
          if (what === "outage") throw new RetryableError("The artifact service did not answer.");
          if (this.#halfDone.has(`${runId} ${name}`) || find(name) !== null) throw new NameTakenError(`The run has an artifact ${name} already.`);
          if (what === "half-done") {
            this.#halfDone.add(`${runId} ${name}`);
            throw new RetryableError("The upload broke off.");
          }
          return this.#store(runId, name, bytes);
        });
        if (what === "answer-lost") throw new RetryableError("The artifact service's answer was lost.");
        segment.acknowledged = true;
        return segment.ref;
      },
      find: (name) => process.call(50 + this.#dice.below(100), () => find(name)),
    };
  }

  /** Puts an artifact under a run as the service does. */
  #store(runId: number, name: string, bytes: Uint8Array): StoredSegment {
    const digest = sha256Hex(bytes);
    const path = `${runId}/${name}`;
    this.#github.artifactBytes.set(path, bytes);
    const { id } = this.#github.actions.addArtifact(runId, { name, size: bytes.byteLength, digest: `sha256:${digest}`, bytesPath: path, contentType: "application/octet-stream" });
    const segment: StoredSegment = { ref: { id, runId, name, digest }, bytes, atMs: this.#github.nowMs(), acknowledged: false };
    this.stored.push(segment);
    this.#suffer(this.stored.length, id, path);
    return segment;
  }

  /** Something of another origin under a run. */
  plant(runId: number, name: string, bytes: Uint8Array): void {
    const path = `${runId}/${name}`;
    this.#github.artifactBytes.set(path, bytes);
    this.#github.actions.addArtifact(runId, { name, size: bytes.byteLength, digest: `sha256:${sha256Hex(bytes)}`, bytesPath: path, contentType: "application/octet-stream" });
  }

  #suffer(nth: number, id: number, path: string): void {
    const trouble = this.#troubles.find((each) => each.kind === "artifact" && each.nth === nth);
    if (trouble?.kind !== "artifact") return;
    const { state, machine } = this.#github;
    const artifact = state.artifacts.get(id);
    if (artifact === undefined) return;
    this.#trace(`artifact ${id} will be ${trouble.what}`);
    switch (trouble.what) {
      case "expired":
        return machine.commit({ ...state, artifacts: put(state.artifacts, id, { ...artifact, expired: true }) });
      case "deleted":
        return machine.commit({ ...state, artifacts: new Map([...state.artifacts].filter(([each]) => each !== id)) });
      case "damaged":
        this.#github.artifactBytes.set(path, Uint8Array.from(this.#github.artifactBytes.get(path) ?? [], (byte, at) => (at % 97 === 50 ? byte ^ 1 : byte)));
    }
  }
}
