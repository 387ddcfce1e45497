/** Failures a test or the demo orders: the next call of a kind fails, before or after it took effect. */
import type { ArtifactMethod } from "./artifact-messages.ts";

export type ArtifactCall = ArtifactMethod | "PutBlock" | "PutBlockList" | "PutBlob" | "GetBlob";

export type ArtifactFault = {
  readonly call: ArtifactCall;
  /** True: the call takes effect and only its answer is lost. */
  readonly afterApplying?: boolean;
} & (
  | {
      /** Answer with this HTTP status. */
      readonly status: number;
    }
  | {
      /** Close the connection without an answer. */
      readonly drop: true;
    }
);

export interface ArtifactFaults {
  add(fault: ArtifactFault): void;
  /** The oldest fault ordered for this call, which is then used up. */
  take(call: ArtifactCall): ArtifactFault | null;
}

export function createArtifactFaults(): ArtifactFaults {
  const ordered: ArtifactFault[] = [];
  return {
    add: (fault) => void ordered.push(fault),
    take(call) {
      const index = ordered.findIndex((fault) => fault.call === call);
      return index === -1 ? null : (ordered.splice(index, 1)[0] ?? null);
    },
  };
}
