/** Reads a workflow file into a checked value, or into faults that name the key and the line. */
import { isMap, isScalar, LineCounter, parseDocument, visit, type Document } from "yaml";
import { TerminalError, type Refusal } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { parseTemplate } from "./expression-syntax.ts";
import { parseCondition } from "./expressions.ts";
import { workflowSchema, type Concurrency, type WorkflowDocument, type WorkflowJob } from "./workflow-schema.ts";

/** A job with its key; jobs come after every job they need. */
export interface PlannedJob extends WorkflowJob {
  readonly key: string;
  /** What the job token may do: the job's own `permissions`, else the file's; what is not named is none. */
  readonly tokenPermissions: Readonly<Record<string, "read" | "write" | "none">>;
}

export interface WorkflowFile {
  readonly name: string;
  readonly runName: string | undefined;
  readonly inputs: NonNullable<WorkflowDocument["on"]["workflow_dispatch"]>["inputs"];
  readonly concurrency: Concurrency | undefined;
  readonly jobs: readonly PlannedJob[];
}

interface Fault {
  readonly line: number;
  readonly message: string;
}

/**
 * Parses a workflow file.
 * @param file its path, for the messages
 * @returns the workflow, or one refusal that lists every fault as `file:line: key: problem`
 */
export function parseWorkflowFile(text: string, file: string): Result<WorkflowFile, Refusal<"workflow-file">> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const broken = document.errors.map((error) => ({ line: error.linePos?.[0].line ?? 1, message: error.message.split("\n")[0] ?? error.message }));
  if (broken.length > 0) return refuse(file, broken);
  const parsed = workflowSchema.safeParse(document.toJS());
  if (!parsed.success) {
    const faults = parsed.error.issues.flatMap((issue) => issueFaults(issue, document, lines));
    return refuse(file, faults);
  }
  const expressionFaults = findExpressionFaults(document, lines);
  if (expressionFaults.length > 0) return refuse(file, expressionFaults);
  return planJobs(parsed.data, document, lines, file);
}

function refuse(file: string, faults: readonly Fault[]): Result<never, Refusal<"workflow-file">> {
  const message = faults.map((fault) => `${file}:${fault.line}: ${fault.message}`).join("\n");
  return err({ kind: "workflow-file", message, fix: "Keep to the keys and the expression subset the local GitHub Actions plays, or teach it the new one." });
}

interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
  readonly errors?: readonly (readonly Issue[])[];
}

function issueFaults(issue: Issue, document: Document, lines: LineCounter): readonly Fault[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  if (issue.code === "unrecognized_keys") {
    return (issue.keys ?? []).map((key) => ({ line: lineOf([...path, key], document, lines), message: `${[...path, key].join(".")}: this key is not known` }));
  }
  // Of a union's branches the one that got furthest says what was meant.
  const branches = (issue.errors ?? []).map((branch) => branch.map((inner) => ({ ...inner, path: [...path, ...inner.path] })));
  const meant = branches.find((branch) => branch.every((inner) => inner.path.length > path.length || inner.code === "unrecognized_keys"));
  if (meant !== undefined && meant.length > 0) return meant.flatMap((inner) => issueFaults(inner, document, lines));
  return [{ line: lineOf(path, document, lines), message: `${path.join(".")}: ${issue.message}` }];
}

/** The line of a key, or of the nearest thing around it that is there. */
function lineOf(path: readonly (string | number)[], document: Document, lines: LineCounter): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    const key = isMap(parent) ? parent.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(last))?.key : document.getIn(path.slice(0, length), true);
    const offset = typeof key === "object" && key !== null && "range" in key && Array.isArray(key.range) ? key.range[0] : undefined;
    if (typeof offset === "number") return lines.linePos(offset).line;
  }
  return 1;
}

/** Every expression of the file is parsed at once, so that one outside the subset stops the run before its first step. */
function findExpressionFaults(document: Document, lines: LineCounter): readonly Fault[] {
  const faults: Fault[] = [];
  const check = (offset: number | undefined, parse: () => void): void => {
    try {
      parse();
    } catch (error) {
      if (!(error instanceof TerminalError)) throw error;
      faults.push({ line: offset === undefined ? 1 : lines.linePos(offset).line, message: error.message });
    }
  };
  visit(document, {
    Pair(_key, pair) {
      if (!isScalar(pair.key) || pair.key.value !== "if" || !isScalar(pair.value)) return undefined;
      const { value, range } = pair.value;
      check(range?.[0], () => parseCondition(String(value)));
      return visit.SKIP;
    },
    Scalar(_key, { value, range }) {
      if (typeof value === "string" && value.includes("${{")) check(range?.[0], () => parseTemplate(value));
    },
  });
  return faults;
}

function planJobs(workflow: WorkflowDocument, document: Document, lines: LineCounter, file: string): Result<WorkflowFile, Refusal<"workflow-file">> {
  const faults: Fault[] = [];
  for (const [key, job] of Object.entries(workflow.jobs)) {
    const strangers = job.needs.filter((need) => !Object.hasOwn(workflow.jobs, need));
    for (const need of strangers) faults.push({ line: lineOf(["jobs", key, "needs"], document, lines), message: `jobs.${key}.needs: there is no job ${need}` });
    const ids = job.steps.flatMap((step) => (step.id === undefined ? [] : [step.id]));
    const repeated = ids.find((id, index) => ids.indexOf(id) !== index);
    if (repeated !== undefined) faults.push({ line: lineOf(["jobs", key, "steps"], document, lines), message: `jobs.${key}.steps: two steps have the id ${repeated}` });
  }
  if (faults.length > 0) return refuse(file, faults);
  const order = inNeedsOrder(workflow.jobs);
  if (order === null) return refuse(file, [{ line: lineOf(["jobs"], document, lines), message: "jobs: their needs form a circle" }]);
  const jobs = order.map(([key, job]) => ({ ...job, key, tokenPermissions: definedPermissions(job.permissions ?? workflow.permissions) }));
  return ok({ name: workflow.name, runName: workflow["run-name"], inputs: workflow.on.workflow_dispatch?.inputs ?? {}, concurrency: workflow.concurrency, jobs });
}

function definedPermissions(permissions: WorkflowDocument["permissions"]): PlannedJob["tokenPermissions"] {
  return Object.fromEntries(Object.entries(permissions).flatMap(([name, level]) => (level === undefined ? [] : [[name, level] as const])));
}

function inNeedsOrder(jobs: Readonly<Record<string, WorkflowJob>>): readonly (readonly [string, WorkflowJob])[] | null {
  const ordered = new Map<string, WorkflowJob>();
  const waiting = new Map(Object.entries(jobs));
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, job]) => job.needs.every((need) => ordered.has(need)));
    if (ready.length === 0) return null;
    for (const [key, job] of ready) {
      ordered.set(key, job);
      waiting.delete(key);
    }
  }
  return [...ordered];
}
