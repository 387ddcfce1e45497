/** Who serves the model, from the operator's environment alone: no file of a repository has a say in it (attack 12). */
import type { AgentEndpoint, Provider } from "../../../agent/index.ts";
import { TerminalError } from "../../../shared/errors.ts";

/** Reads a variable; an empty one is one that is not set. */
export type Given = (name: string) => string | undefined;

/**
 * Where the model is and what opens it. Without any credentials the key is empty, which a dry run can do with.
 * @throws TerminalError naming the variable that is missing or wrong
 */
export function readModel(given: Given): AgentEndpoint {
  const provider = given("WORKTRAIN_PROVIDER") ?? "anthropic";
  switch (provider) {
    case "anthropic":
      return readAnthropic(given);
    case "bedrock":
      return { apiKey: "", ...address(given, "ANTHROPIC_BEDROCK_BASE_URL"), provider: readBedrock(given) };
    case "vertex": {
      const region = required(given, "CLOUD_ML_REGION", "Set it to the region of Vertex AI, such as global or europe-west1.");
      const projectId = required(given, "ANTHROPIC_VERTEX_PROJECT_ID", "Set it to the id of the Google Cloud project.");
      return { apiKey: "", ...address(given, "ANTHROPIC_VERTEX_BASE_URL"), provider: { kind: "vertex", region, projectId, models: modelNames(given) } };
    }
    default:
      throw new TerminalError(`WORKTRAIN_PROVIDER is ${JSON.stringify(provider)}, which is unknown.`, "Set it to anthropic, bedrock or vertex, or unset it.");
  }
}

function readAnthropic(given: Given): AgentEndpoint {
  const apiKey = given("ANTHROPIC_API_KEY") ?? "";
  const federationRuleId = given("ANTHROPIC_FEDERATION_RULE_ID");
  const base = address(given, "ANTHROPIC_BASE_URL");
  if (apiKey !== "" || federationRuleId === undefined) return { apiKey, ...base };
  const organizationId = required(given, "ANTHROPIC_ORGANIZATION_ID", "Keyless needs it beside ANTHROPIC_FEDERATION_RULE_ID.");
  const identityTokenFile = required(given, "ANTHROPIC_IDENTITY_TOKEN_FILE", "Keyless needs the file that holds the machine's identity token.");
  const workspaceId = given("ANTHROPIC_WORKSPACE_ID");
  return { apiKey, ...base, provider: { kind: "keyless", federationRuleId, organizationId, identityTokenFile, ...(workspaceId === undefined ? {} : { workspaceId }) } };
}

function readBedrock(given: Given): Provider {
  const region = required(given, "AWS_REGION", "Set it to a region of Amazon Bedrock, such as us-east-1.");
  const bearerToken = given("AWS_BEARER_TOKEN_BEDROCK");
  const id = given("AWS_ACCESS_KEY_ID");
  const secret = given("AWS_SECRET_ACCESS_KEY");
  const session = given("AWS_SESSION_TOKEN");
  if ((id === undefined) !== (secret === undefined)) throw new TerminalError("Only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set.", "Set both, or neither for AWS's default chain.");
  const keys = id === undefined || secret === undefined ? {} : { keys: { id, secret, ...(session === undefined ? {} : { session }) } };
  return { kind: "bedrock", region, ...(bearerToken === undefined ? {} : { bearerToken }), ...keys, models: modelNames(given) };
}

/** `claude-sonnet-5-5=us.anthropic.claude-sonnet-5-5, ...` */
function modelNames(given: Given): Readonly<Record<string, string>> {
  const pairs = (given("WORKTRAIN_PROVIDER_MODELS") ?? "").split(",").map((pair) => pair.trim()).filter((pair) => pair !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [model = "", name = "", ...more] = pair.split("=").map((part) => part.trim());
      if (model === "" || name === "" || more.length > 0) throw new TerminalError(`WORKTRAIN_PROVIDER_MODELS holds ${JSON.stringify(pair)}.`, "Write it like claude-sonnet-5-5=us.anthropic.claude-sonnet-5-5, with commas between.");
      return [model, name] as const;
    }),
  );
}

function required(given: Given, name: string, fix: string): string {
  const value = given(name);
  if (value === undefined) throw new TerminalError(`${name} is not set.`, fix);
  return value;
}

function address(given: Given, name: string): { readonly baseUrl?: string } {
  const url = given(name);
  if (url === undefined) return {};
  if (!URL.canParse(url)) throw new TerminalError(`The variable ${name} is wrong: it is no URL.`, "Correct it or unset it.");
  return { baseUrl: url };
}
