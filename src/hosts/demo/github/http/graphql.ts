/** Answers `POST /graphql`: what the code sends, by GitHub's schema; everything else is refused by name. */
import { execute, GraphQLError, Kind, OperationTypeNode, parse, validate, type DocumentNode, type OperationDefinitionNode } from "graphql";
import { z } from "zod";
import { disableAutoMerge, enableAutoMerge } from "../graphql/auto-merge.ts";
import { resolveReviewThread } from "../graphql/review-threads.ts";
import { nodesField } from "../graphql/issue-thread.ts";
import { repositoryField } from "../graphql/repository.ts";
import { servedSchema } from "../graphql/schema.ts";
import type { Serving } from "../graphql/serving.ts";
import { updateRefs } from "../graphql/update-refs.ts";
import { authenticate, type Principal } from "../principal.ts";
import { failure, json, type Reply } from "../reply.ts";
import { queryOf, sender } from "../request-log.ts";
import type { Answer, Incoming } from "./incoming.ts";
import { followPulls, parseBody, refuseEarly, wholeSeconds, withCommonHeaders, type RestOptions } from "./rest.ts";

export const isGraphQlRequest = ({ method, url }: Incoming): boolean => method === "POST" && url.pathname === "/graphql";

const requestSchema = z.strictObject({ query: z.string().min(1), variables: z.record(z.string(), z.unknown()).default({}), operationName: z.string().optional() });

interface Query {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** What of it the schema does not know. */
  readonly invalid: readonly GraphQLError[];
}

interface Asked extends Query {
  readonly variables: Readonly<Record<string, unknown>>;
}

export async function answerGraphQl(options: RestOptions, incoming: Incoming): Promise<Answer> {
  const { machine, log } = options;
  const nowMs = options.nowMs();
  const authenticated = authenticate(machine.state, incoming.headers.authorization, nowMs);
  const principal: Principal = "refused" in authenticated ? { kind: "anonymous" } : authenticated;
  const body = parseBody(incoming);
  const asked = readAsked(body.ok ? body.value : null);
  const route = "refused" in asked ? "/graphql" : `/graphql#${asked.operation.name?.value ?? ""}`;
  const fault = options.faults.take("POST", route);
  const note = (status: number): void => {
    log.push({
      at: new Date(nowMs).toISOString(),
      kind: "graphql",
      method: "POST",
      route,
      path: incoming.url.pathname,
      query: queryOf(incoming.url),
      body: body.ok ? body.value : null,
      ...("refused" in authenticated ? { token: "rejected" as const, who: "rejected", jobId: null } : sender(machine.state, principal)),
      status,
      faulted: fault !== null,
      changes: "refused" in asked || asked.operation.operation === OperationTypeNode.MUTATION,
    });
  };
  if (fault !== null && fault.dropResponseAfterApplying !== true) {
    note(fault.status ?? 500);
    return withCommonHeaders(options, incoming, { ...failure(fault.status ?? 500, fault.message ?? "An error that a test ordered"), headers: fault.headers ?? {} });
  }
  const early = refuseEarly(incoming, body.ok) ?? ("refused" in authenticated ? authenticated.refused : null) ?? unauthenticated(principal) ?? ("refused" in asked ? asked.refused : null);
  const serving: Serving = { machine, principal, base: options.base, at: wholeSeconds(nowMs), gitOf: options.gitOf };
  const reply = early ?? ("refused" in asked ? asked.refused : await machine.exclusive(() => run(options, serving, asked)));
  note(reply.status);
  return fault === null ? withCommonHeaders(options, incoming, reply) : { cut: true };
}

/** GitHub's GraphQL has no anonymous requests, and an App's JWT is good for `/app` only. */
const unauthenticated = ({ kind }: Principal): Reply | null => (kind === "anonymous" || kind === "app" ? failure(401, "This endpoint requires you to be authenticated.") : null);

/** One operation with a name, so that the log and a test's faults can tell requests apart. */
function readAsked(body: unknown): Asked | { readonly refused: Reply } {
  const request = requestSchema.safeParse(body);
  if (!request.success) return { refused: failure(400, "A query attribute must be specified and must be a string.") };
  const query = readQuery(request.data.query);
  return "refused" in query ? query : { ...query, variables: request.data.variables };
}

/** What texts came to: a client sends the same few again and again, with other variables. */
const known = new Map<string, Query | { readonly refused: Reply }>();
const KNOWN_QUERIES = 100;

function readQuery(text: string): Query | { readonly refused: Reply } {
  const before = known.get(text);
  if (before !== undefined) return before;
  if (known.size >= KNOWN_QUERIES) known.clear();
  const query = checkedQuery(text);
  known.set(text, query);
  return query;
}

function checkedQuery(text: string): Query | { readonly refused: Reply } {
  const document = parsed(text);
  if (document instanceof GraphQLError) return { refused: json({ errors: [{ message: document.message, extensions: { code: "parseError" } }] }) };
  const [operation, ...more] = document.definitions.filter((definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION);
  if (operation?.name === undefined || more.length > 0) return { refused: failure(400, "The local GitHub takes one operation with a name.") };
  return { document, operation, invalid: validate(servedSchema, document) };
}

function parsed(text: string): DocumentNode | GraphQLError {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

async function run(options: RestOptions, serving: Serving, { document, invalid, variables }: Asked): Promise<Reply> {
  // GitHub answers 200 and gives each such error a code.
  if (invalid.length > 0) return json({ errors: invalid.map(({ message, locations }) => ({ message, locations, extensions: { code: "undefinedField" } })) });
  const since = serving.machine.state.history.length;
  const rootValue = {
    nodes: ({ ids }: { readonly ids: readonly string[] }) => nodesField(serving, ids),
    repository: (wanted: { readonly owner: string; readonly name: string }) => repositoryField(serving, wanted),
    resolveReviewThread: ({ input }: { readonly input: Parameters<typeof resolveReviewThread>[1] }) => resolveReviewThread(serving, input),
    disablePullRequestAutoMerge: ({ input }: { readonly input: Parameters<typeof disableAutoMerge>[1] }) => disableAutoMerge(serving, input),
    enablePullRequestAutoMerge: ({ input }: { readonly input: Parameters<typeof enableAutoMerge>[1] }) => enableAutoMerge(serving, input),
    updateRefs: ({ input }: { readonly input: Parameters<typeof updateRefs>[1] }) => updateRefs(serving, input),
  };
  const { data, errors = [] } = await execute({ schema: servedSchema, document, rootValue, variableValues: variables });
  await followPulls(options, since);
  const unforeseen = errors.find(({ originalError, extensions }) => originalError !== undefined && extensions["type"] === undefined);
  if (unforeseen !== undefined) throw unforeseen.originalError ?? unforeseen;
  return json({ data: data ?? null, ...(errors.length === 0 ? {} : { errors: errors.map(asGitHubWrites) }) });
}

const asGitHubWrites = ({ message, path, locations, extensions }: GraphQLError) => ({ type: extensions["type"], path, locations, message });
