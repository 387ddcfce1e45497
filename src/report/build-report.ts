/** Makes a report of a log's streams. */
import { foldItem } from "../engine/pipeline/index.ts";
import type { Recorded, SessionEvent } from "../record/index.ts";
import { sessionActivity } from "./activity.ts";
import { sessionDurations } from "./durations.ts";
import { helperNames } from "./helper-names.ts";
import { readItemJournal, type ItemJournal, type StreamReader } from "./item-journal.ts";
import { itemView, NO_INTAKE, type ItemView } from "./item-view.ts";
import { savedFilesOf, type SavedFiles } from "./left-out.ts";
import { lookFirst } from "./look-first.ts";
import { addUsage, NO_USAGE } from "./money.ts";
import type { ProofRow } from "./proof-row.ts";
import { itemProof, proofOf, sessionProof } from "./proof.ts";
import type { Report, SessionReport } from "./report.ts";
import { sessionView } from "./session-view.ts";
import { itemStanding, sessionStanding } from "./standing.ts";
import { stepPath } from "./step-path.ts";
import { NO_TITLES, readStepTitles, type StepTitles } from "./step-titles.ts";

type SessionStreams = ReadonlyMap<string, readonly Recorded<SessionEvent>[]>;

export interface ReportSource {
  /** Null for sessions that are told by themselves. */
  readonly item: ItemJournal | null;
  /** The sessions to tell, with those that worked for them. */
  readonly sessions: SessionStreams;
  readonly files: SavedFiles;
  /** Without them steps are told by their ids. */
  readonly titles?: StepTitles;
  /** What the deliver job and GitHub vouch for; without it the log is all there is. */
  readonly attested?: readonly ProofRow[];
  /** The log is a copy that secrets were taken out of. */
  readonly redacted?: boolean;
}

/** Reads an item's streams and the files it came to, and makes the report. */
export async function readItemReport(reader: StreamReader & { getBlob(sha256: string): Promise<Uint8Array | null> }, itemId: string, about: Pick<ReportSource, "attested" | "redacted"> = {}): Promise<Report> {
  const item = await readItemJournal(reader, itemId);
  const { ended, snapshot } = foldItem(item.item);
  const titles = await readStepTitles(item.sessions.values(), (sha256) => reader.getBlob(sha256));
  return reportOf({ ...about, item, titles, sessions: item.sessions, files: await savedFilesOf(ended?.snapshot ?? snapshot, (sha256) => reader.getBlob(sha256)) });
}

export function reportOf({ item, sessions, files, titles = NO_TITLES, attested, redacted = false }: ReportSource): Report {
  const told = item === null ? sessionsAlone(sessions) : itemTold(itemView(item));
  const reports = inOrder(told.roots, sessions, titles);
  const events = [...(item?.item ?? []), ...[...sessions.values()].flat()];
  const times = events.map(({ at }) => at).toSorted();
  const counts = { lines: events.length, streams: sessions.size + (item === null ? 0 : 1) };
  const proof = proofOf([...(attested ?? [readAgain(counts, redacted)]), ...told.proof]);
  const sum = (of: (session: SessionReport) => number): number => reports.reduce((total, session) => total + of(session), 0);
  const whole = {
    ...told.report,
    v: 1 as const,
    files,
    sessions: reports,
    proof,
    turns: sum(({ view }) => view.turns),
    usage: reports.reduce((usage, { view }) => addUsage(usage, view.usage), NO_USAGE),
    costMicroUsd: sum(({ view }) => view.costMicroUsd),
    workedMs: sum(({ workedMs }) => workedMs),
    began: times[0] ?? null,
    last: times.at(-1) ?? null,
    ...counts,
  };
  return { ...whole, lookFirst: lookFirst(whole) };
}

/** A reader refuses a log whose chain is broken, so that what is shown here was read whole; what was taken out of a copy it cannot know. */
const readAgain = ({ lines, streams }: { readonly lines: number; readonly streams: number }, redacted: boolean): ProofRow => ({
  gate: "record",
  check: "The record is whole",
  result: redacted ? "unknown" : "holds",
  detail: `${lines} lines in ${streams} ${streams === 1 ? "stream" : "streams"}; ${redacted ? "**a copy that secrets were taken out of**" : "their chain agrees. Who wrote them is not known from here"}`,
  attestedBy: "this report",
});

interface Told {
  readonly report: Pick<Report, "kind" | "id" | "title" | "standing" | "asked" | "understood" | "route" | "handoff" | "slices" | "findings" | "brought" | "reviewRounds" | "effects" | "delivery" | "estimate">;
  readonly proof: readonly ProofRow[];
  readonly roots: readonly { readonly sessionId: string; readonly name: string; readonly why: string; readonly wave: number | null }[];
}

function itemTold(view: ItemView): Told {
  const { itemId, opening, classification, handoff, slices, findings, brought, reviewRounds, effects, delivery, estimate, runs, mode, answer, escalated } = view;
  return {
    report: {
      kind: "item",
      id: itemId,
      title: opening?.task.title ?? itemId,
      standing: itemStanding(view),
      asked: { text: opening?.task.body ?? "", base: opening?.base ?? null, runs, intake: view.intake },
      understood: classification,
      route: { mode, answer, escalated },
      handoff,
      slices,
      findings,
      brought,
      reviewRounds,
      effects,
      delivery,
      estimate,
    },
    proof: itemProof(view),
    roots: view.sessions.map(({ sessionId, phase, round, slice, why }) => ({ sessionId, name: nameOf(phase, round, slice), why: why ?? "", wave: slice?.part === "work" ? slice.wave : null })),
  };
}

const nameOf = (phase: string, round: number, slice: ItemView["sessions"][number]["slice"]): string =>
  slice === null ? `${phase}, round ${round}` : slice.part === "work" ? `${phase}, slice ${slice.id}` : `${phase}, conflict of slice ${slice.id}`;

function sessionsAlone(sessions: SessionStreams): Told {
  const views = [...sessions].map(([id, events]) => sessionView(id, events));
  const roots = views.filter(({ parentSessionId }) => parentSessionId === null || !sessions.has(parentSessionId));
  const [first] = roots;
  const started = first === undefined ? undefined : sessions.get(first.sessionId)?.find((event) => event.kind === "session_started");
  const goal = started?.kind === "session_started" ? started.data.goal.trim() : "";
  const [title = "", ...rest] = goal.split("\n");
  return {
    report: {
      kind: "session",
      id: first?.sessionId ?? "",
      title: title.trim() === "" ? (first?.sessionId ?? "") : title,
      standing: sessionStanding(roots),
      asked: { text: rest.join("\n").trim(), base: null, runs: [], intake: NO_INTAKE },
      understood: null,
      route: { mode: null, answer: null, escalated: false },
      handoff: null,
      slices: null,
      findings: [],
      brought: [],
      reviewRounds: 0,
      effects: [],
      delivery: null,
      estimate: null,
    },
    proof: roots.flatMap(sessionProof),
    roots: roots.map(({ sessionId, workflow }) => ({ sessionId, name: workflow?.id ?? "session", why: "", wave: null })),
  };
}

/** Each session of the pipeline, and behind it those that worked for it: that it says so, or that they do. */
function inOrder(roots: Told["roots"], sessions: SessionStreams, titles: StepTitles): readonly SessionReport[] {
  const asked = new Map<string, string[]>();
  for (const [id, events] of sessions) {
    const started = events.find((event) => event.kind === "session_started");
    const parent = started?.kind === "session_started" ? started.data.parentSessionId : null;
    const workers = parent === null ? [] : (asked.get(parent) ?? []);
    workers.push(id);
    if (parent !== null) asked.set(parent, workers);
  }
  const names = helperNames(sessions);
  const reports: SessionReport[] = [];
  const seen = new Set<string>();
  const add = (sessionId: string, root: Told["roots"][number] | null, depth: number): void => {
    if (seen.has(sessionId)) return;
    seen.add(sessionId);
    const events = sessions.get(sessionId) ?? [];
    const view = sessionView(sessionId, events);
    const workers = [...view.children, ...(asked.get(sessionId) ?? [])];
    reports.push({ view, name: root?.name ?? names.get(sessionId)?.name ?? "session", why: root?.why ?? names.get(sessionId)?.brief ?? "", wave: root?.wave ?? null, depth, path: stepPath(events, titles), activity: sessionActivity(events), workedMs: sessionDurations(sessionId, events).ms });
    for (const worker of workers) if (sessions.has(worker)) add(worker, null, depth + 1);
  };
  for (const root of roots) add(root.sessionId, root, 0);
  for (const sessionId of sessions.keys()) add(sessionId, null, 1);
  return reports;
}
