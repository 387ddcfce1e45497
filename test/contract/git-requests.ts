import { Ajv } from "ajv";

/**
 * Git's smart HTTP protocol is not in GitHub's OpenAPI description: this schema is written after
 * gitprotocol-http(5), "Smart Clients" and the services upload-pack and receive-pack.
 */
const gitRequestSchema = {
  type: "object",
  required: ["method", "path", "query"],
  oneOf: [
    {
      properties: {
        method: { const: "GET" },
        path: { type: "string", pattern: "^/[^/]+/[^/]+/info/refs$" },
        query: {
          type: "object",
          properties: { service: { enum: ["git-upload-pack", "git-receive-pack"] } },
          required: ["service"],
          additionalProperties: false,
        },
      },
    },
    {
      properties: {
        method: { const: "POST" },
        path: { type: "string", pattern: "^/[^/]+/[^/]+/git-(upload|receive)-pack$" },
        query: { type: "object", additionalProperties: false },
      },
    },
  ],
};

const validate = new Ajv({ strict: false }).compile(gitRequestSchema);

/** What is wrong with a git request; empty when nothing is. */
export function checkGitRequest(request: { readonly method: string; readonly path: string; readonly query: unknown }): string[] {
  return validate(request) ? [] : [`${request.method} ${request.path} is no request of git's smart HTTP protocol`];
}
