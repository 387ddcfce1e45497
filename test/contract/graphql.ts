import { schema } from "@octokit/graphql-schema";
import { buildSchema, parse, validate, type GraphQLSchema } from "graphql";
import { z } from "zod";

let built: GraphQLSchema | null = null;

/** GitHub's own GraphQL schema, as @octokit/graphql-schema has it. */
export function githubSchema(): GraphQLSchema {
  built ??= buildSchema(schema.idl, { assumeValid: true });
  return built;
}

const bodySchema = z.strictObject({ query: z.string(), variables: z.record(z.string(), z.unknown()) });

/** What is wrong with the body of a GraphQL request by GitHub's schema; empty when nothing is. */
export function checkGraphQlRequest(body: unknown): string[] {
  const request = bodySchema.safeParse(body);
  if (!request.success) return [`a GraphQL request has \`query\` and \`variables\` and nothing else: ${z.prettifyError(request.error)}`];
  return checkDocument(request.data.query);
}

function checkDocument(text: string): string[] {
  return validate(githubSchema(), parse(text)).map(({ message }) => message);
}
