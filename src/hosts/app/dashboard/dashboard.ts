/**
 * The dashboard issue of a repository that wants one, written from what its labelled issues show.
 *
 * The App keeps nothing of it: every writing looks at GitHub anew. Which repositories want one is only a hint, which a look of the
 * reconciler renews.
 */
import { CONFIG_PATH } from "../../../config/index.ts";
import { readLabelledIssues, type LabelledIssue, type LatelyChanged, type OpenPull } from "../../../github/read/index.ts";
import { editOwnIssue, findOwnIssue, ownIssueEffect } from "../../../github/write/index.ts";
import { DEFAULT_LABEL, isStartLabel, type ConfigState } from "../../../intake/index.ts";
import { DASHBOARD_LABEL, DASHBOARD_MARKER, DASHBOARD_TITLE, dashboardText, type DashboardEntry } from "../../../report/dashboard.ts";
import { readConfig } from "../kept-config.ts";
import type { StartTools } from "../starting/start.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import type { SubjectQueue } from "../subject-queue.ts";
import type { Workplace } from "../workplace.ts";

export interface DashboardTools extends StartTools {
  readonly queue: SubjectQueue;
  /** Repositories that wanted a dashboard when they were last looked at. */
  readonly dashboards: Set<number>;
}

/** The labelled issues of a repository, and what its config says of them. */
export interface Labelled {
  readonly label: string;
  readonly dashboard: boolean;
  /** By what a person has stopped everything: the number of what has the label, or the config; null where nobody has. */
  readonly stoppedBy: number | "config" | null;
  readonly issues: readonly LabelledIssue[];
  /** The open pull requests that changed last, whatever their labels. */
  readonly pulls: readonly OpenPull[];
  /** Open issues that changed since the time that was asked for, whatever their labels. */
  readonly lately: readonly LatelyChanged[];
  readonly config: ConfigState;
}

/** One query where the config names no other label. @param since ISO time: with the open issues that changed since */
export async function readLabelled(place: Workplace, since?: string): Promise<Labelled> {
  const ask = async (label: string, changedSince?: string) => {
    const found = await readLabelledIssues(place.github, place.repository, { label, configPath: CONFIG_PATH, since: changedSince });
    // The name may belong to another repository by now.
    return found?.repositoryId === place.repositoryId ? found : null;
  };
  const found = await ask(DEFAULT_LABEL, since);
  if (found === null) return { label: DEFAULT_LABEL, dashboard: false, stoppedBy: null, issues: [], pulls: [], lately: [], config: "missing" };
  const config = found.config?.text === null || found.config === null ? null : readConfig(found.config.text);
  const { pulls, lately } = found;
  if (config === null || !config.ok) return { label: DEFAULT_LABEL, dashboard: false, stoppedBy: found.stoppedBy, issues: found.issues, pulls, lately, config: config ?? "missing" };
  const { label, dashboard, enabled } = config.value;
  return { label, dashboard, stoppedBy: found.stoppedBy ?? (enabled ? null : "config"), issues: isStartLabel(DEFAULT_LABEL, config) ? found.issues : ((await ask(label))?.issues ?? []), pulls, lately, config };
}

/** Writes the dashboard where the repository wants one and nobody has closed it. */
async function writeDashboard(place: Workplace, tools: DashboardTools, { dashboard, issues, stoppedBy }: Labelled): Promise<void> {
  noteDashboard(place, tools, dashboard);
  if (!dashboard) return;
  const body = dashboardText(await entriesOf(place, tools, issues), stoppedBy);
  const target = { github: place.github, repository: place.repository, author: tools.author };
  const shown = await findOwnIssue(target, { label: DASHBOARD_LABEL, marker: DASHBOARD_MARKER });
  if (shown === null) await tools.effects.apply(ownIssueEffect(target, { title: DASHBOARD_TITLE, label: DASHBOARD_LABEL, marker: DASHBOARD_MARKER, body }));
  else if (shown.open && shown.body !== body) await editOwnIssue(tools.effects, target, { number: shown.number, body });
}

/** Keeps the hint. */
export function noteDashboard({ repositoryId }: Workplace, { dashboards }: Pick<DashboardTools, "dashboards">, wanted: boolean): void {
  if (wanted) dashboards.add(repositoryId);
  else dashboards.delete(repositoryId);
}

async function entriesOf(place: Workplace, tools: StartTools, issues: readonly LabelledIssue[]): Promise<readonly DashboardEntry[]> {
  const entries: DashboardEntry[] = [];
  for (const issue of issues) {
    const status = await openStatusBoard(place, tools, issue.number).readShown(issue.comments);
    if (status !== null) entries.push({ marker: status.marker, url: status.comment.url, headline: headlineOf(status.comment.body) });
  }
  return entries;
}

/** The first heading of a status comment: "WorkTrain made pull request #2". */
const headlineOf = (body: string): string => /^### (.+?)(?: \(attempt \d+\))?$/m.exec(body)?.[1] ?? "WorkTrain";

const subjectOfDashboard = ({ repositoryId }: Workplace): string => `${repositoryId}/dashboard`;

/** Brings it up to date after what is queued before it. */
export function dashboardSoon(place: Workplace, tools: DashboardTools): void {
  tools.queue.add(subjectOfDashboard(place), { name: "writing the dashboard", coalesce: "write", run: async () => writeDashboard(place, tools, await readLabelled(place)) });
}

/** The same where a look has found that the repository wants one: no request where it is not known. */
export function dashboardChanged(place: Workplace, tools: DashboardTools): void {
  if (tools.dashboards.has(place.repositoryId)) dashboardSoon(place, tools);
}
