/**
 * Who serves the model: Anthropic by key or by an exchanged identity token, Amazon Bedrock, Google Vertex. The operator's
 * environment chooses; a repository never does (attack 12).
 *
 * Bedrock and Vertex come from Anthropic's own packages, which are installed by who wants them and loaded only then.
 */
// The client's base and the one resource used: the whole client would load every other with it, half of the Action's bundle.
import { BaseAnthropic } from "@anthropic-ai/sdk/client";
import { AnthropicError, APIConnectionError } from "@anthropic-ai/sdk/error";
import { WorkloadIdentityError } from "@anthropic-ai/sdk/lib/credentials/types";
import { Messages } from "@anthropic-ai/sdk/resources/messages/messages";
import { z } from "zod";
import { TerminalError } from "../shared/errors.ts";
import type { Fetch } from "../shared/ports.ts";
import { unreachable } from "../shared/unreachable.ts";

/** Where the model is and what opens it. */
export interface AgentEndpoint {
  /** Empty where the provider has other credentials. */
  readonly apiKey: string;
  /** Default: the provider's own. */
  readonly baseUrl?: string;
  readonly fetch?: Fetch;
  /** Default: Anthropic by key. */
  readonly provider?: Provider;
}

export type Provider =
  /** A token of the machine's identity provider is exchanged at `/v1/oauth/token` (RFC 7523), again before it ends. */
  | { readonly kind: "keyless"; readonly federationRuleId: string; readonly organizationId: string; readonly workspaceId?: string; readonly identityTokenFile: string }
  /** Without keys here AWS's default chain gives them: profile, single sign-on, role. */
  | { readonly kind: "bedrock"; readonly region: string; readonly bearerToken?: string; readonly keys?: { readonly id: string; readonly secret: string; readonly session?: string }; readonly models: ModelNames }
  /** Google's application default credentials. */
  | { readonly kind: "vertex"; readonly region: string; readonly projectId: string; readonly models: ModelNames };

/** A model's id at the provider by its id at Anthropic, where it differs from the usual one. */
export type ModelNames = Readonly<Record<string, string>>;

export interface ModelClient {
  readonly messages: Pick<Messages, "create" | "countTokens">;
  /** What the provider calls a model. */
  nameOf(model: string): string;
  /** It counts tokens without running a model. */
  readonly counts: boolean;
}

/** What must never be written anywhere (I6). */
export function secretsOf({ apiKey, provider }: AgentEndpoint): readonly string[] {
  const cloud = provider?.kind === "bedrock" ? [provider.bearerToken, provider.keys?.id, provider.keys?.secret, provider.keys?.session] : [];
  return [apiKey, ...cloud].flatMap((secret) => (secret === undefined || secret === "" ? [] : [secret]));
}

/** Nobody reads its traces here; switched off, the SDK does not look into the environment for them either, and the bundle leaves them out. */
const UNTRACED = { propagation: false, traces: false } as const;
const SILENT = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

/**
 * A client that takes no address or key from the environment, writes nothing, and leaves retrying to the loop.
 * @throws TerminalError when the provider's package is not installed
 */
export async function openClient(endpoint: AgentEndpoint): Promise<ModelClient> {
  const { provider, apiKey, baseUrl, fetch } = endpoint;
  const common = { ...(fetch === undefined ? {} : { fetch }), maxRetries: 0, logger: SILENT, logLevel: "off", openTelemetry: UNTRACED } as const;
  const anthropic = { ...common, baseURL: baseUrl ?? "https://api.anthropic.com" };
  const cloud = { ...common, ...(baseUrl === undefined ? {} : { baseURL: baseUrl }) };
  if (provider === undefined) return { messages: new Messages(new BaseAnthropic({ ...anthropic, apiKey })), nameOf: same, counts: true };
  switch (provider.kind) {
    case "keyless": {
      const { federationRuleId, organizationId, workspaceId, identityTokenFile } = provider;
      const authentication = { type: "oidc_federation" as const, federation_rule_id: federationRuleId, identity_token: { source: "file" as const, path: identityTokenFile } };
      const config = { authentication, organization_id: organizationId, ...(workspaceId === undefined ? {} : { workspace_id: workspaceId }) };
      return { messages: new Messages(new BaseAnthropic({ ...anthropic, config })), nameOf: same, counts: true };
    }
    case "bedrock": {
      const { region, bearerToken, keys } = provider;
      // A null key keeps the client from looking into the environment for one.
      const credentials = keys === undefined ? {} : { awsAccessKey: keys.id, awsSecretKey: keys.secret, awsSessionToken: keys.session ?? null };
      const Client = await clientClass("@anthropic-ai/bedrock-sdk", "AnthropicBedrock");
      const options = { ...cloud, baseURL: baseUrl ?? `https://bedrock-runtime.${region}.amazonaws.com`, awsRegion: region, apiKey: bearerToken ?? null, ...credentials };
      return { messages: messagesOf(new Client(options), "@anthropic-ai/bedrock-sdk"), nameOf: (model) => provider.models[model] ?? `global.anthropic.${model}`, counts: false };
    }
    case "vertex": {
      const { region, projectId, models } = provider;
      const Client = await clientClass("@anthropic-ai/vertex-sdk", "AnthropicVertex");
      return { messages: messagesOf(new Client({ ...cloud, region, projectId }), "@anthropic-ai/vertex-sdk"), nameOf: (model) => models[model] ?? model, counts: true };
    }
    default:
      return unreachable(provider);
  }
}

const same = (model: string): string => model;

type PackageName = "@anthropic-ai/bedrock-sdk" | "@anthropic-ai/vertex-sdk";
type ClientClass = new (options: Readonly<Record<string, unknown>>) => unknown;

/** Versions that were tried with this SDK. */
const TRIED = { "@anthropic-ai/bedrock-sdk": "1.1.2", "@anthropic-ai/vertex-sdk": "1.1.3" } as const;

async function clientClass(packageName: PackageName, className: string): Promise<ClientClass> {
  const install = `npm install --no-save ${packageName}@${TRIED[packageName]}`;
  try {
    const loaded: unknown = await import(packageName);
    return z.object({ [className]: z.custom<ClientClass>((value) => typeof value === "function") }).parse(loaded)[className] ?? missing(packageName, install);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return missing(packageName, install);
    throw error;
  }
}

function missing(packageName: string, install: string): never {
  throw new TerminalError(`The provider needs the package ${packageName}, which is not installed.`, `Run \`${install}\` in WorkTrain's own directory.`);
}

/** @throws TerminalError when the package brings an SDK of its own: its errors and streams would not be known as such */
function messagesOf(client: unknown, packageName: string): Messages {
  if (client instanceof BaseAnthropic && "messages" in client && client.messages instanceof Messages) return client.messages;
  throw new TerminalError(`${packageName} does not work with this version of @anthropic-ai/sdk.`, "Install the version that docs/operations.md names, in WorkTrain's own directory, so that both share one SDK.");
}

/**
 * Why the provider's credentials cannot be had, where waiting does not mend it; null for any other error.
 * @param error of a request that got no answer: the SDK's plain error then says that it could not even be made
 */
export function credentialProblem(error: unknown): string | null {
  const causes = causesOf(error);
  const found = causes.find(
    (each) =>
      (each instanceof WorkloadIdentityError && (each.statusCode ?? 0) < 500) ||
      (each instanceof AnthropicError && each.constructor === AnthropicError) ||
      each.name === "CredentialsProviderError" ||
      // Google's package tells of its credentials as of a lost connection; these words are all there is to know it by.
      (each instanceof APIConnectionError && each.message.includes("Google OAuth credentials")),
  );
  return found === undefined ? null : `The credentials for the model's provider cannot be had: ${causes.at(-1)?.message ?? found.message} Check the variables that docs/operations.md names, then start again: nothing was asked.`;
}

function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) causes.push(cause);
  return causes;
}

/** @throws TerminalError when the provider's package is not installed; asked before work begins */
export async function checkProvider({ provider }: AgentEndpoint): Promise<void> {
  if (provider?.kind === "bedrock") await clientClass("@anthropic-ai/bedrock-sdk", "AnthropicBedrock");
  if (provider?.kind === "vertex") await clientClass("@anthropic-ai/vertex-sdk", "AnthropicVertex");
}
