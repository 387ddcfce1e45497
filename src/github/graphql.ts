/**
 * GraphQL over the narrow client. What goes wrong there stands in the body of a 200: here it becomes what it is, so that retries
 * and the effect runner treat it as REST's failures.
 */
import { z } from "zod";
import { TerminalError } from "../shared/errors.ts";
import type { GitHub } from "./client.ts";
import { parseAnswer } from "./parse-answer.ts";

export const GRAPHQL_ROUTE = "POST /graphql";

/** Where GraphQL is spoken beside a REST address: GitHub Enterprise Server has it at `/api/graphql`, not below `/api/v3`. */
export const graphqlUrlOf = (apiUrl: string): string => `${apiUrl.replace(/\/+$/, "").replace(/\/api\/v3$/, "/api")}/graphql`;

/** Whether a request only asks. A document of ours begins with the word that says so. */
export const isGraphQlQuery = (route: string, parameters: Readonly<Record<string, unknown>> = {}): boolean => route === GRAPHQL_ROUTE && typeof parameters["query"] === "string" && parameters["query"].startsWith("query ");

const errorSchema = z.object({
  message: z.string(),
  /** GitHub's word for what it is: `NOT_FOUND`, `FORBIDDEN`, `RATE_LIMITED`, ... */
  type: z.string().optional(),
  path: z.array(z.union([z.string(), z.number()])).optional(),
  /** A document that the server's schema does not know has a `code` instead. */
  extensions: z.object({ code: z.string().optional() }).optional(),
});
export type GraphQlError = z.infer<typeof errorSchema>;

const envelopeSchema = z.object({ data: z.unknown().optional(), errors: z.array(errorSchema).default([]) });

/** A GraphQL failure with the status that REST would have had. */
class GraphQlFailure extends Error {
  readonly status: number;
  readonly response: { readonly headers: Readonly<Record<string, string | number | undefined>>; readonly data: unknown };
  constructor(status: number, message: string, headers: Readonly<Record<string, string | number | undefined>>) {
    super(message);
    this.status = status;
    this.response = { headers, data: { message } };
  }
}

/** Throws for an answer of 200 that is a rate limit (as 429) or no answer at all (as 502: it may or may not have been done). */
export function throwGraphQlFailure(data: unknown, headers: Readonly<Record<string, string | number | undefined>>): void {
  const envelope = envelopeSchema.safeParse(data);
  const errors = envelope.success ? envelope.data.errors : [];
  const limited = errors.find(({ type }) => type === "RATE_LIMITED");
  if (limited !== undefined) throw new GraphQlFailure(429, limited.message, headers);
  const unexplained = errors.find(({ type, extensions }) => type === undefined && extensions?.code === undefined);
  if (!envelope.success || unexplained !== undefined) throw new GraphQlFailure(502, unexplained?.message ?? "no GraphQL answer", headers);
}

export interface Answered {
  /** Null or in parts null where there are errors. */
  readonly data: unknown;
  readonly errors: readonly GraphQlError[];
}

/** Sends one document. Errors that GitHub names are part of the answer; everything else throws as a failed request does. */
export async function sendGraphQl(github: GitHub, document: string, variables: Readonly<Record<string, unknown>>): Promise<Answered> {
  const response = await github.request(GRAPHQL_ROUTE, { query: document, variables });
  const { data = null, errors } = parseAnswer(envelopeSchema, response.data, GRAPHQL_ROUTE);
  return { data, errors };
}

export interface Query<Schema extends z.ZodType> {
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly schema: Schema;
  /** Paths whose absence is an answer: `repository`, `repository.issue`. */
  readonly mayBeMissing: readonly string[];
  /** Paths that GitHub may refuse to show; they are null then. */
  readonly mayBeForbidden?: readonly string[];
}

/** @throws TerminalError when GitHub refuses the query or a part of it that is not said to be optional */
export async function queryGraphQl<Schema extends z.ZodType>(github: GitHub, query: Query<Schema>): Promise<z.infer<Schema>> {
  const { data, errors } = await sendGraphQl(github, query.document, query.variables);
  const fatal = errors.find(({ type, path = [] }) => {
    const where = path.join(".");
    return !(type === "NOT_FOUND" && query.mayBeMissing.includes(where)) && !(type === "FORBIDDEN" && (query.mayBeForbidden ?? []).includes(where));
  });
  if (fatal !== undefined) {
    throw new TerminalError(
      `GitHub refused a query (${fatal.type ?? fatal.extensions?.code ?? "unknown"}${fatal.path === undefined ? "" : ` at ${fatal.path.join(".")}`}): ${fatal.message}`,
      "Give the App or the job the permission GitHub names. If this is GitHub Enterprise Server, update it.",
    );
  }
  return parseAnswer(query.schema, data, GRAPHQL_ROUTE);
}
