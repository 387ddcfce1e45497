import type { ActionsPort, ArtifactListing, Conclusion, JobPermissions, QueuedRun } from "../../../../src/hosts/demo/github/actions-port.ts";

export interface JobRecord {
  readonly id: number;
  readonly runId: number;
  readonly name: string;
  readonly permissions: JobPermissions;
  readonly environment: string | undefined;
  readonly token: string;
  conclusion: Conclusion | null;
}

/** The repository server's side of the port, kept in memory. */
export interface MemoryPort extends ActionsPort {
  dispatch(run: QueuedRun): void;
  readonly names: Map<number, string>;
  readonly runs: Map<number, { status: string; conclusion: Conclusion | null }>;
  readonly jobs: JobRecord[];
  readonly artifacts: (ArtifactListing & { readonly runId: number })[];
}

/** @param secrets by environment and name, `production/KEY`, or by name alone for the repository's */
export function memoryPort(secrets: Readonly<Record<string, string>> = {}): MemoryPort {
  const dispatched: ((run: QueuedRun) => void)[] = [];
  const port: MemoryPort = {
    names: new Map(),
    runs: new Map(),
    jobs: [],
    artifacts: [],
    dispatch(run) {
      port.runs.set(run.id, { status: "queued", conclusion: null });
      for (const listener of dispatched) listener(run);
    },
    onDispatch: (listener) => void dispatched.push(listener),
    onCancel() {},
    setRunName: (runId, name) => void port.names.set(runId, name),
    updateRun: (runId, { status, conclusion }) => void port.runs.set(runId, { status, conclusion: conclusion ?? null }),
    createJob(runId, { name, permissions, environment }) {
      const id = port.jobs.length + 1;
      const token = `ghs_token_of_job_${id}`;
      port.jobs.push({ id, runId, name, permissions, environment, token, conclusion: null });
      return { jobId: id, token };
    },
    updateJob(jobId, { conclusion }) {
      const job = port.jobs.find((candidate) => candidate.id === jobId);
      if (job !== undefined) job.conclusion = conclusion ?? null;
    },
    setJobLog() {},
    addArtifact(runId, artifact) {
      const id = 100 + port.artifacts.length;
      port.artifacts.push({ contentType: "application/zip", ...artifact, id, runId, createdAt: "2026-01-01T00:00:00Z" });
      return { id };
    },
    listArtifacts: (runId) => port.artifacts.filter((artifact) => artifact.runId === runId),
    deleteArtifact(runId, name) {
      const index = port.artifacts.findIndex((artifact) => artifact.runId === runId && artifact.name === name);
      const [removed] = index === -1 ? [] : port.artifacts.splice(index, 1);
      return removed === undefined ? null : { id: removed.id };
    },
    getSecret: (environment, name) => secrets[`${environment ?? ""}/${name}`] ?? secrets[name],
  };
  return port;
}
