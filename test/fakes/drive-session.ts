/** Drives any session to its end by filling in what each offer asks for, from its JSON Schemas alone. */
import type { StepOffer } from "../../src/engine/session/index.ts";
import { sessionStream, type Blocker, type StepOutput } from "../../src/record/index.ts";
import { childInit, childResult, createSession, openSession, type Session, type SessionDeps, type SubmitResult } from "../../src/session/index.ts";
import type { Json } from "../../src/shared/json.ts";
import type { Plan } from "../../src/workflow/index.ts";

type Schema = Readonly<Record<string, unknown>>;
const asSchema = (value: unknown): Schema => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Schema) : {});

/** A value that fits a JSON Schema; of an enum the `pick`-th, so that later attempts try others. */
export function fillIn(schema: Schema, pick = 0): Json {
  if ("const" in schema) return schema["const"] as Json;
  const options = schema["enum"];
  if (Array.isArray(options)) return options[pick % options.length] as Json;
  for (const joint of ["anyOf", "oneOf"]) {
    const branches = schema[joint];
    if (Array.isArray(branches)) return fillIn(asSchema(branches[0]), pick);
  }
  const type = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  switch (type) {
    case "string":
      return fillInText(schema);
    case "number":
    case "integer":
      return Math.max(Number(schema["minimum"] ?? 0), Number(schema["exclusiveMinimum"] ?? -1) + 1);
    case "boolean":
      return true;
    case "null":
      return null;
    case "array": {
      const items = asSchema(schema["items"]);
      return Array.from({ length: Math.min(Number(schema["maxItems"] ?? 100), Math.max(1, Number(schema["minItems"] ?? 1))) }, (_, index) => ("type" in items || "enum" in items || "anyOf" in items || "oneOf" in items ? fillIn(items, pick + index) : "item"));
    }
    case "object": {
      const properties = asSchema(schema["properties"]);
      const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
      return Object.fromEntries(required.map((key) => [key, fillIn(asSchema(properties[key]), pick)]));
    }
    default:
      return "value";
  }
}

/** Text of the wanted length that holds what simple patterns spell out. */
function fillInText(schema: Schema): string {
  const patterns = Array.isArray(schema["allOf"]) ? schema["allOf"].flatMap((part) => asSchema(part)["pattern"] ?? []).filter((pattern) => typeof pattern === "string") : [];
  const spelled = patterns.map((pattern) => pattern.replaceAll(/\\(.)/g, "$1"));
  const text = ["Done.", ...spelled].join(" ");
  if (typeof schema["pattern"] === "string" && !new RegExp(schema["pattern"], "u").test(text)) return "done";
  return text.padEnd(Number(schema["minLength"] ?? 0), ".");
}

/** What an obedient agent hands over for an offer. @param pick which of an enum's values; see `fillIn` */
export function outputFor(offer: StepOffer, pick = 0): StepOutput {
  const output: StepOutput = { notes: "", artifacts: [], context: {} };
  for (const requirement of offer.requires) {
    switch (requirement.kind) {
      case "notes":
        output.notes = fillInText(requirement.schema);
        break;
      case "artifact": {
        const decides = requirement.ref === "wr.contracts.loop_control";
        output.artifacts.push({ contractRef: requirement.ref, value: decides ? { decision: "stop" } : fillIn(requirement.schema, pick) });
        break;
      }
      case "assessment":
        output.artifacts.push({ contractRef: "wr.contracts.assessment", value: fillIn(requirement.schema, pick) });
        break;
      case "context":
        output.context[requirement.key] = fillIn(requirement.schema, pick);
        break;
    }
  }
  return output;
}

/** Finds nothing wherever nothing may be found. */
export function findNothing(offer: StepOffer): Partial<StepOutput> {
  const { context } = outputFor(offer);
  const mayBeEmpty = (key: string): boolean => offer.requires.some((each) => each.kind === "context" && each.key === key && each.schema["type"] === "array" && each.schema["minItems"] === undefined);
  return { context: Object.fromEntries(Object.entries(context).map(([key, value]) => [key, mayBeEmpty(key) ? [] : value])) };
}

export interface Driven {
  /** Ids of the steps that were offered, in order. */
  readonly steps: readonly string[];
  readonly prompts: readonly string[];
  readonly blockers: readonly Blocker[];
  readonly result: SubmitResult;
}

export interface DriveOptions {
  /** Plans of the workflows that parallel steps delegate to. */
  readonly plans?: (workflowId: string) => Plan | null;
  /** Answers for a step instead of the filled-in one. */
  readonly answer?: (offer: StepOffer) => Partial<StepOutput> | null;
  readonly limit?: number;
}

/** Works a session until it has ended; gates are approved, children run one after the other. */
export async function driveSession(deps: SessionDeps, session: Session, options: DriveOptions = {}): Promise<Driven> {
  const steps: string[] = [];
  const prompts: string[] = [];
  const blockers: Blocker[] = [];
  let result = await session.resume();
  for (let moves = 0; result.kind !== "ended"; moves += 1) {
    if (moves > (options.limit ?? 200)) throw new Error(`does not end: ${steps.slice(-20).join(", ")}`);
    switch (result.kind) {
      case "step":
      case "blocked": {
        if (result.kind === "blocked") blockers.push(...result.blockers);
        const offer = session.offer();
        if (offer === null) throw new Error("nothing is offered");
        steps.push(offer.stepId);
        prompts.push([offer.title, offer.agentRole ?? "", offer.systemPrompt ?? "", offer.prompt].join("\n"));
        result = await session.submit({ ...outputFor(offer, offer.attempt - 1), ...options.answer?.(offer) });
        break;
      }
      case "gate":
        result = await session.resolveGate({ verdict: "approved", reason: "Good.", by: "the driver" });
        break;
      case "waiting":
        result = await runChildren(deps, session, options);
        break;
      case "refused":
        throw new Error(`${result.refusal.kind}: ${result.refusal.message}`);
    }
  }
  return { steps, prompts, blockers, result };
}

async function runChildren(deps: SessionDeps, session: Session, options: DriveOptions): Promise<SubmitResult> {
  let result: SubmitResult = session.standing();
  for (const pending of session.pending()) {
    if (pending.kind !== "child") return session.resume();
    const plan = options.plans?.(pending.workflowId) ?? null;
    const init = plan === null ? null : childInit(session.state(), pending, plan);
    if (init === null) {
      result = await session.finishChild({ childId: pending.id, sessionId: pending.sessionId, outcome: "failed", summary: `There is no workflow ${pending.workflowId}.`, artifacts: [] });
      continue;
    }
    // A process that died may have begun it.
    const begun = (await deps.journal.head(sessionStream(init.sessionId))) !== null;
    const child = begun ? await openSession(deps, init.sessionId) : await createSession(deps, init);
    await driveSession(deps, child, options);
    const answer = childResult((await openSession(deps, child.id)).state(), pending.id);
    if (answer === null) throw new Error("the child did not end");
    result = await session.finishChild(answer);
  }
  return result;
}
