/** What is wrong with a repository's workflow file, by its text alone. Pure. */
import { WORKFLOW_PATH } from "../../../intake/index.ts";
import { good, unknown, wrong, type Finding } from "./finding.ts";

const PUBLIC_KEY = /^\s*public-key:\s*["']?([A-Za-z0-9+/]{40,}={0,2})["']?\s*(?:#.*)?$/;
/** Lines that a repository may write in its own way: where it runs, for how long, and which actions of others it pins. */
const FREE = /^(?:runs-on:|timeout-minutes:|- uses: actions\/|name: WorkTrain$|persist-credentials:|fetch-depth:|with:$)/;
const SHOWN_LINES = 3;

/** Lines without comments, indentation and the white space in between. */
const linesOf = (text: string): readonly string[] => text.split(/\r?\n/).flatMap((line) => {
  const bare = line.trim().replace(/\s+#.*$/, "").replaceAll(/\s+/g, " ");
  return bare === "" || bare.startsWith("#") ? [] : [bare];
});

/**
 * @param text of the file; null when there is none
 * @param template as WorkTrain ships it
 * @param ticketKey the App's public key, where it is known
 */
export function workflowFindings(text: string | null, template: string, ticketKey: string | null): readonly Finding[] {
  const copy = `Copy WorkTrain's templates/worktrain.yml to ${WORKFLOW_PATH} on the default branch, put your set-up steps back, and fill in its two placeholders.`;
  if (text === null) return [wrong("workflow-file", `There is no ${WORKFLOW_PATH}.`, copy)];
  const lines = linesOf(text);
  const left = lines.filter((line) => /__(?:ACTION|PUBLIC_KEY)__/.test(line));
  const missing = missingFrom(lines, linesOf(template));
  const shown = missing.slice(0, SHOWN_LINES).map((line) => `\`${line}\``).join(", ");
  return [
    left.length > 0 ? wrong("workflow-placeholders", `${WORKFLOW_PATH} still has placeholders of the template: ${left[0]}`, "Fill in the action, pinned by commit, and the public key that the App's page shows.") : good("workflow-placeholders", `${WORKFLOW_PATH} has no placeholder left`),
    missing.length > 0 ? wrong("workflow-file", `${WORKFLOW_PATH} is not that of this version of WorkTrain: it lacks ${shown}${missing.length > SHOWN_LINES ? ` and ${missing.length - SHOWN_LINES} more lines` : ""}`, copy) : good("workflow-file", `${WORKFLOW_PATH} has all that this version's template has`),
    ...ticketKeyFindings(lines, ticketKey),
  ];
}

/** Lines of the template that do not stand in the file in their order: those outside the longest sequence that both have. */
function missingFrom(lines: readonly string[], template: readonly string[]): readonly string[] {
  const wanted = template.filter((line) => !FREE.test(line));
  const fits = wanted.map(asPattern).map((pattern) => lines.map((line) => pattern.test(line)));
  // longest[i][j]: of what stands from `wanted[i]` and from `lines[j]` on.
  const longest = Array.from({ length: wanted.length + 1 }, () => Array.from({ length: lines.length + 1 }, () => 0));
  const at = (row: number, column: number): number => longest[row]?.[column] ?? 0;
  for (let row = wanted.length - 1; row >= 0; row -= 1) {
    for (let column = lines.length - 1; column >= 0; column -= 1) {
      const best = fits[row]?.[column] === true ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
      longest[row]?.splice(column, 1, best);
    }
  }
  const missing: string[] = [];
  for (let row = 0, column = 0; row < wanted.length; ) {
    if (fits[row]?.[column] === true) [row, column] = [row + 1, column + 1];
    else if (column < lines.length && at(row, column + 1) >= at(row + 1, column)) column += 1;
    else missing.push(wanted[row++] ?? "");
  }
  return missing;
}

const asPattern = (line: string): RegExp => new RegExp(`^${line.split(/__[A-Z_]+__/).map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("\\S+")}$`);

function ticketKeyFindings(lines: readonly string[], ticketKey: string | null): readonly Finding[] {
  const keys = [...new Set(lines.flatMap((line) => PUBLIC_KEY.exec(line)?.[1] ?? []))];
  if (keys.length > 1) return [wrong("ticket-key", `${WORKFLOW_PATH} names ${keys.length} different keys in public-key.`, "Both jobs need the one that the App's page shows.")];
  const [key] = keys;
  if (key === undefined) return [];
  if (ticketKey === null) return [unknown("ticket-key", `whether public-key in ${WORKFLOW_PATH} is the App's cannot be known here`, "Compare it with the key on the App's page, or run this with WORKTRAIN_TICKET_KEY set.")];
  return [key === ticketKey ? good("ticket-key", `public-key in ${WORKFLOW_PATH} is the App's`) : wrong("ticket-key", `public-key in ${WORKFLOW_PATH} is not that of WORKTRAIN_TICKET_KEY: every run would be refused`, "Put the key that the App's page shows into both jobs.")];
}
