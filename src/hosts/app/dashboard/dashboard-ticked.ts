/** The boxes of the dashboard issue as controls. */
import { readPermission, type LabelledIssue } from "../../../github/read/index.ts";
import { permissionVerdict } from "../../../github/trust/index.ts";
import { isWrittenBy } from "../../../github/write/index.ts";
import { authorise, type EditedIssue } from "../../../intake/index.ts";
import { DASHBOARD_MARKER, tickedIn } from "../../../report/dashboard.ts";
import { dashboardSoon, readLabelled } from "./dashboard.ts";
import { followRun, type LookTools } from "../runs/look-at-run.ts";
import { startWork } from "../starting/start-work.ts";
import { subjectOf, type Workplace } from "../workplace.ts";

/** Carries out what a person ticked, with the permission that GitHub's API states now (I10), and unticks it. */
export async function carryOutTicked(place: Workplace, tools: LookTools, edited: EditedIssue): Promise<void> {
  if (!edited.body.startsWith(DASHBOARD_MARKER) || !isWrittenBy(edited.issue, tools.author)) return;
  const before = new Set(tickedIn(edited.before).map((wish) => JSON.stringify(wish)));
  const wishes = tickedIn(edited.body).filter((wish) => !before.has(JSON.stringify(wish)));
  if (wishes.length === 0) return;
  const { login, id } = edited.sender;
  const allowed = authorise(permissionVerdict(await readPermission(place.github, place.repository, login), id), "command").kind === "allowed";
  tools.log.info("dashboard ticked", { repository: place.repositoryId, issue: edited.issueNumber, by: id, wishes: wishes.length, outcome: allowed ? "carried-out" : "not-allowed" });
  const labelled = await readLabelled(place);
  for (const wish of allowed ? wishes : []) {
    if (wish.kind === "go-on") await goOn(place, tools, { issue: labelled.issues.find(({ number }) => number === wish.issueNumber), label: labelled.label, edited });
  }
  dashboardSoon(place, tools);
}

interface GoOn {
  /** Undefined when it is not labelled any more. */
  readonly issue: LabelledIssue | undefined;
  readonly label: string;
  readonly edited: EditedIssue;
}

/** As if who ticked had set the label again at that moment: the same checks on the same path, in the issue's order. */
async function goOn(place: Workplace, tools: LookTools, { issue, label, edited }: GoOn): Promise<void> {
  // The dashboard's own number would wait for itself.
  if (issue === undefined || issue.number === edited.issueNumber) return;
  const { sender, editedAt } = edited;
  const { number, title, body } = issue;
  const event = { repository: { id: place.repositoryId, ...place.repository }, issueNumber: number, label, sender, task: { title, body }, labelledAt: editedAt };
  const subject = subjectOf(place.repositoryId, number);
  const editedSince = issue.editedAt !== null && Date.parse(issue.editedAt) >= Date.parse(editedAt);
  const runId = await tools.queue.run(subject, () => startWork(place, tools, { event, deliveryId: `dashboard-${editedAt}`, editedSince }));
  if (runId !== null) followRun(place, tools, { subject, runId });
}
