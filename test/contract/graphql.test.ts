import { buildSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType, isScalarType, type GraphQLNamedType } from "graphql";
import { expect, test } from "vitest";
import { SERVED_SCHEMA } from "../../src/hosts/demo/github/graphql/schema.ts";
import { checkGraphQlRequest, githubSchema } from "./graphql.ts";

const query = "query Some($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { databaseId } }";

test("a document that GitHub's schema knows passes", () => {
  expect(checkGraphQlRequest({ query, variables: { owner: "acme", name: "calc" } })).toEqual([]);
});

test.each([
  { why: "an unknown field", body: { query: query.replace("databaseId", "dataBaseId"), variables: {} }, says: "dataBaseId" },
  { why: "an unknown argument", body: { query: query.replace("owner: $owner", "own: $owner"), variables: {} }, says: "own" },
  { why: "a variable of the wrong type", body: { query: query.replace("$name: String!", "$name: Int!"), variables: {} }, says: "String!" },
  { why: "something beside the document", body: { query, variables: {}, headers: {} }, says: "headers" },
])("$why is named", ({ body, says }) => {
  expect(checkGraphQlRequest(body).join("\n")).toContain(says);
});

/** Fields (or values) of a type with their arguments and types, as text. */
function membersOf(type: GraphQLNamedType | null | undefined): ReadonlyMap<string, string> {
  if (isEnumType(type)) return new Map(type.getValues().map(({ name }) => [name, ""]));
  if (isInputObjectType(type)) return new Map(Object.values(type.getFields()).map((field) => [field.name, `${String(field.type)} = ${String(field.defaultValue)}`]));
  if (!isObjectType(type) && !isInterfaceType(type)) return new Map();
  return new Map(Object.values(type.getFields()).flatMap((field) => [[field.name, String(field.type)] as const, ...field.args.map((argument) => [`${field.name}(${argument.name})`, String(argument.type)] as const)]));
}

test("what the local GitHub serves is a part of GitHub's schema, types and arguments alike", () => {
  const served = Object.values(buildSchema(SERVED_SCHEMA).getTypeMap()).filter(({ name }) => !name.startsWith("__"));
  expect(served.length).toBeGreaterThan(20);
  const wrong = served.flatMap((type) => {
    const real = githubSchema().getType(type.name);
    if (real?.constructor.name !== type.constructor.name) return [`${type.name} is not such a type there`];
    if (isScalarType(type)) return [];
    const members = membersOf(real);
    return [...membersOf(type)].filter(([name, text]) => members.get(name) !== text).map(([name, text]) => `${type.name}.${name}: ${text}, there ${members.get(name)}`);
  });
  expect(wrong).toEqual([]);
});
