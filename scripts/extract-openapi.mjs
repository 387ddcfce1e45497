// Cuts GitHub's OpenAPI description down to the operations this project sends, as plain JSON Schema.
//
//   npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
//   node scripts/extract-openapi.mjs package/generated/api.github.com.json
//
// writes test/contract/github-openapi.json. Add an operation to OPERATIONS when code starts to send it.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SOURCE = "@octokit/openapi 23.0.2";
const OUTPUT = fileURLToPath(new URL("../test/contract/github-openapi.json", import.meta.url));

const REPO = "/repos/{owner}/{repo}";
const OPERATIONS = [
  "GET /app",
  "POST /app-manifests/{code}/conversions",
  "GET /app/hook/deliveries",
  "POST /app/hook/deliveries/{delivery_id}/attempts",
  "GET /app/installations",
  "GET /app/installations/{installation_id}",
  "POST /app/installations/{installation_id}/access_tokens",
  "GET /installation/repositories",
  "GET /rate_limit",
  "GET /users/{username}",
  `GET ${REPO}`,
  `POST ${REPO}/forks`,
  `GET ${REPO}/installation`,
  `GET ${REPO}/collaborators/{username}/permission`,
  `GET ${REPO}/branches/{branch}`,
  `GET ${REPO}/commits/{ref}`,
  `GET ${REPO}/compare/{basehead}`,
  `GET ${REPO}/contents/{path}`,
  `GET ${REPO}/git/blobs/{file_sha}`,
  `POST ${REPO}/git/blobs`,
  `GET ${REPO}/git/trees/{tree_sha}`,
  `POST ${REPO}/git/trees`,
  `GET ${REPO}/git/commits/{commit_sha}`,
  `POST ${REPO}/git/commits`,
  `GET ${REPO}/git/ref/{ref}`,
  `GET ${REPO}/git/matching-refs/{ref}`,
  `POST ${REPO}/git/refs`,
  `PATCH ${REPO}/git/refs/{ref}`,
  `DELETE ${REPO}/git/refs/{ref}`,
  `GET ${REPO}/issues`,
  `POST ${REPO}/issues`,
  `GET ${REPO}/issues/{issue_number}`,
  `PATCH ${REPO}/issues/{issue_number}`,
  `GET ${REPO}/issues/{issue_number}/sub_issues`,
  `POST ${REPO}/issues/{issue_number}/sub_issues`,
  `POST ${REPO}/issues/{issue_number}/assignees`,
  `DELETE ${REPO}/issues/{issue_number}/assignees`,
  `GET ${REPO}/issues/{issue_number}/labels`,
  `POST ${REPO}/issues/{issue_number}/labels`,
  `DELETE ${REPO}/issues/{issue_number}/labels/{name}`,
  `GET ${REPO}/labels/{name}`,
  `POST ${REPO}/labels`,
  `GET ${REPO}/issues/{issue_number}/comments`,
  `POST ${REPO}/issues/{issue_number}/comments`,
  `GET ${REPO}/issues/comments`,
  `GET ${REPO}/issues/comments/{comment_id}`,
  `PATCH ${REPO}/issues/comments/{comment_id}`,
  `DELETE ${REPO}/issues/comments/{comment_id}`,
  `GET ${REPO}/issues/{issue_number}/reactions`,
  `POST ${REPO}/issues/{issue_number}/reactions`,
  `GET ${REPO}/issues/comments/{comment_id}/reactions`,
  `POST ${REPO}/issues/comments/{comment_id}/reactions`,
  `GET ${REPO}/pulls`,
  `POST ${REPO}/pulls`,
  `GET ${REPO}/pulls/{pull_number}`,
  `PATCH ${REPO}/pulls/{pull_number}`,
  `PUT ${REPO}/pulls/{pull_number}/merge`,
  `GET ${REPO}/pulls/{pull_number}/files`,
  `GET ${REPO}/pulls/{pull_number}/reviews`,
  `POST ${REPO}/pulls/{pull_number}/reviews`,
  `GET ${REPO}/pulls/{pull_number}/comments`,
  `POST ${REPO}/pulls/{pull_number}/comments/{comment_id}/replies`,
  `POST ${REPO}/pulls/{pull_number}/comments`,
  `GET ${REPO}/commits/{ref}/status`,
  `POST ${REPO}/statuses/{sha}`,
  `GET ${REPO}/actions/jobs/{job_id}/logs`,
  `POST ${REPO}/check-runs`,
  `GET ${REPO}/check-runs/{check_run_id}`,
  `PATCH ${REPO}/check-runs/{check_run_id}`,
  `POST ${REPO}/check-runs/{check_run_id}/rerequest`,
  `POST ${REPO}/check-suites/{check_suite_id}/rerequest`,
  `GET ${REPO}/check-runs/{check_run_id}/annotations`,
  `GET ${REPO}/commits/{ref}/check-runs`,
  `GET ${REPO}/actions/permissions`,
  `GET ${REPO}/actions/permissions/artifact-and-log-retention`,
  `GET ${REPO}/environments`,
  `GET ${REPO}/environments/{environment_name}/secrets`,
  `GET ${REPO}/actions/workflows/{workflow_id}`,
  `POST ${REPO}/actions/workflows/{workflow_id}/dispatches`,
  `GET ${REPO}/actions/workflows/{workflow_id}/runs`,
  `GET ${REPO}/actions/runs`,
  `GET ${REPO}/actions/runs/{run_id}`,
  `GET ${REPO}/actions/runs/{run_id}/attempts/{attempt_number}`,
  `POST ${REPO}/actions/runs/{run_id}/cancel`,
  `POST ${REPO}/actions/runs/{run_id}/force-cancel`,
  `GET ${REPO}/actions/runs/{run_id}/jobs`,
  `GET ${REPO}/actions/jobs/{job_id}`,
  `GET ${REPO}/actions/runs/{run_id}/artifacts`,
  `GET ${REPO}/actions/artifacts`,
  `GET ${REPO}/actions/artifacts/{artifact_id}`,
  `GET ${REPO}/actions/artifacts/{artifact_id}/{archive_format}`,
];

const file = process.argv[2];
if (file === undefined) throw new Error("Name the unpacked api.github.com.json: node scripts/extract-openapi.mjs <file>");
const description = JSON.parse(readFileSync(file, "utf8"));
const schemas = {};

const resolve = (value) => {
  if (value?.$ref === undefined) return value;
  return value.$ref
    .slice(2)
    .split("/")
    .reduce((node, key) => node[key], description);
};

/** JSON Schema of an OpenAPI 3.0 schema: no prose, `nullable` as a type, components collected under `schemas`. */
function schemaOf(schema) {
  if (schema === undefined || typeof schema !== "object" || schema === null) return schema;
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split("/").at(-1);
    if (schemas[name] === undefined) {
      schemas[name] = {};
      schemas[name] = schemaOf(description.components.schemas[name]);
    }
    return { $ref: `#/schemas/${name}` };
  }
  const KEPT = [
    "type",
    "enum",
    "format",
    "pattern",
    "required",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
  ];
  const kept = Object.fromEntries(KEPT.filter((key) => schema[key] !== undefined).map((key) => [key, schema[key]]));
  for (const key of ["oneOf", "anyOf", "allOf"]) if (schema[key] !== undefined) kept[key] = schema[key].map(schemaOf);
  if (schema.items !== undefined) kept.items = schemaOf(schema.items);
  if (schema.not !== undefined) kept.not = schemaOf(schema.not);
  if (schema.additionalProperties !== undefined) kept.additionalProperties = schemaOf(schema.additionalProperties);
  if (schema.properties !== undefined)
    kept.properties = Object.fromEntries(Object.entries(schema.properties).map(([name, property]) => [name, schemaOf(property)]));
  if (schema.nullable !== true) return kept;
  if (kept.enum !== undefined && !kept.enum.includes(null)) kept.enum = [...kept.enum, null];
  if (typeof kept.type === "string") return { ...kept, type: [kept.type, "null"] };
  return { anyOf: [kept, { type: "null" }] };
}

function operationOf(name) {
  const [method, path] = name.split(" ");
  const item = description.paths[path];
  const operation = item?.[method.toLowerCase()];
  if (operation === undefined) throw new Error(`${SOURCE} does not describe ${name}.`);
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])]
    .map(resolve)
    .filter((parameter) => parameter.in !== "header")
    .map((parameter) => ({ name: parameter.name, in: parameter.in, required: parameter.required === true, schema: schemaOf(parameter.schema) }));
  const body = resolve(operation.requestBody);
  const responses = Object.entries(operation.responses).map(([status, response]) => {
    const content = resolve(response).content ?? {};
    return [status, schemaOf(content["application/json"]?.schema) ?? null];
  });
  return {
    parameters,
    body: body === undefined ? null : { required: body.required === true, schema: schemaOf(body.content["application/json"].schema) },
    responses: Object.fromEntries(responses),
  };
}

const operations = Object.fromEntries(OPERATIONS.map((name) => [name, operationOf(name)]));
const lines = (record) =>
  Object.entries(record)
    .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    .join(",\n");
const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
const text = `{\n  "source": ${JSON.stringify(SOURCE)},\n  "operations": {\n${lines(operations)}\n  },\n  "schemas": {\n${lines(sorted)}\n  }\n}\n`;
JSON.parse(text);
writeFileSync(OUTPUT, text);
console.log(`${OUTPUT}: ${OPERATIONS.length} operations, ${Object.keys(schemas).length} schemas, ${text.length} bytes`);
