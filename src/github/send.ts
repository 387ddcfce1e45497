/**
 * Sends one request to GitHub's API and reads its answer, once. Octokit's own way merges, parses and hooks each request several times
 * over, and reads JSON with a function called for every value in it: more work than all the rest of a request.
 */
import type { Fetch } from "../shared/ports.ts";
import { GITHUB_API_VERSION, type GitHub, type GitHubResponse } from "./client.ts";
import { GRAPHQL_ROUTE, throwGraphQlFailure } from "./graphql.ts";
import { BrokenAnswerError } from "./request-error.ts";

export interface SenderOptions {
  /** `GITHUB_API_URL`, e.g. `https://api.github.com`. */
  readonly baseUrl: string;
  readonly graphqlUrl: string;
  readonly userAgent: string;
  /** Asked before each request: a token may be renewed in between. Null: without one. */
  readonly token: () => Promise<string | null>;
  readonly fetch: Fetch;
}

/** A client that neither waits nor repeats. Requests reject as `GitHub` says. */
export function createSender({ baseUrl, graphqlUrl, userAgent, token, fetch }: SenderOptions): GitHub {
  const root = baseUrl.replace(/\/+$/, "");
  const common = { accept: "application/vnd.github+json", "user-agent": userAgent, "x-github-api-version": GITHUB_API_VERSION };
  return {
    async request(route, parameters = {}) {
      const isGraphQl = route === GRAPHQL_ROUTE;
      const { method, path, query, body } = requestOf(route, parameters);
      const secret = await token();
      const headers = { ...common, ...(secret === null ? {} : { authorization: `Bearer ${secret}` }), ...(body === undefined ? {} : { "content-type": "application/json; charset=utf-8" }) };
      const response = await sent(fetch, isGraphQl ? graphqlUrl : root + path + query, { method, headers, ...(body === undefined ? {} : { body }), ...redirectOf(parameters) });
      // What GitHub refused it has not done, whether or not its words arrive whole.
      const data = await contentOf(response).catch((error: unknown) => (response.status >= 400 && response.status < 500 ? "" : Promise.reject(error)));
      const answer: GitHubResponse = { status: response.status, data, headers: Object.fromEntries(response.headers) };
      if (response.status >= 400 || response.status === 304) throw new RefusedRequest(wordsOf(answer), answer.status, { response: answer });
      if (isGraphQl) throwGraphQlFailure(data, answer.headers);
      return answer;
    },
  };
}

interface RequestOf {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string | undefined;
}

/** What a route's path does not name goes into the query of a read and into the body of everything else; `request` is about the sending. */
function requestOf(route: string, parameters: Readonly<Record<string, unknown>>): RequestOf {
  const { method, literals, names } = templateOf(route);
  const path = literals.map((literal, nth) => (nth === 0 ? literal : encoded(parameters[names[nth - 1] ?? ""]) + literal)).join("");
  const rest = Object.entries(parameters).filter(([name, value]) => value !== undefined && name !== "request" && !names.includes(name));
  if (rest.length === 0) return { method, path, query: "", body: undefined };
  if (method !== "GET" && method !== "HEAD") return { method, path, query: "", body: JSON.stringify(Object.fromEntries(rest)) };
  return { method, path, query: `?${rest.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&")}`, body: undefined };
}

interface Template {
  readonly method: string;
  /** Of the path, with a name between each two. */
  readonly literals: readonly string[];
  readonly names: readonly string[];
}

/** Routes are words of this program, so there are only so many. */
const templates = new Map<string, Template>();

function templateOf(route: string): Template {
  const known = templates.get(route);
  if (known !== undefined) return known;
  const [method = "", path = ""] = route.split(" ");
  const parts = path.split(/\{(\w+)\}/);
  const template = { method, literals: parts.filter((_, nth) => nth % 2 === 0), names: parts.filter((_, nth) => nth % 2 === 1) };
  templates.set(route, template);
  return template;
}

/** As RFC 6570 has it, so that no value leaves its place in the path. @throws TypeError without one, or with one that would: a bug */
function encoded(value: unknown): string {
  if ((typeof value !== "string" && typeof value !== "number") || value === "" || value === "." || value === "..") throw new TypeError("A name in the path of a request to GitHub has no value that can stand there.");
  return encodeURIComponent(value).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

type FetchOptions = NonNullable<Parameters<Fetch>[1]>;

/** What a caller says of the sending, such as that a redirect is left to it. */
function redirectOf({ request }: Readonly<Record<string, unknown>>): Pick<FetchOptions, "redirect"> {
  return typeof request === "object" && request !== null && "redirect" in request && request.redirect === "manual" ? { redirect: "manual" } : {};
}

/** A failed request. Its status is GitHub's, or 500 where it is not known whether GitHub did it; nothing of the request is in it. */
class RefusedRequest extends Error {
  readonly status: number;
  readonly response: GitHubResponse | undefined;

  constructor(message: string, status: number, { response, cause }: { readonly response?: GitHubResponse; readonly cause?: unknown }) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "RefusedRequest";
    this.status = status;
    this.response = response;
  }
}

async function sent(fetch: Fetch, url: string, options: FetchOptions): Promise<Response> {
  try {
    return await fetch(url, options);
  } catch (error) {
    // What fetch says is "fetch failed"; why stands behind it.
    const why = error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
    throw new RefusedRequest(why instanceof Error ? why.message : String(why), 500, { cause: error });
  }
}

const JSON_TYPE = /^application\/(?:scim\+)?json\b/i;

/** JSON as a value, text as text, everything else as bytes. @throws BrokenAnswerError where the body does not come to its end */
async function contentOf(response: Response): Promise<unknown> {
  if (response.status === 204) return "";
  const type = response.headers.get("content-type") ?? "text/plain";
  if (!JSON_TYPE.test(type) && !/^text\//i.test(type) && !/charset="?utf-8/i.test(type)) return whole(response.arrayBuffer());
  const text = await whole(response.text());
  try {
    return JSON_TYPE.test(type) ? JSON.parse(wholeIds(text)) : text;
  } catch {
    return text; // Whoever reads it finds that it is not of the documented form.
  }
}

/** Ids of webhook deliveries are beyond what a number holds (2^53); as text they keep all of their digits. Within a string the quotes would be escaped. */
const wholeIds = (json: string): string => json.replace(/("id":\s*)(\d{16,})(?=\s*[,}\]])/g, (found, name: string, digits: string) => (Number.isSafeInteger(Number(digits)) ? found : `${name}"${digits}"`));

async function whole<T>(body: Promise<T>): Promise<T> {
  try {
    return await body;
  } catch (error) {
    throw new BrokenAnswerError(error);
  }
}

/** GitHub's words about a failure, with the address of its documentation that it gives. */
function wordsOf({ data, status }: GitHubResponse): string {
  if (typeof data === "string" && data !== "") return data;
  if (typeof data !== "object" || data === null || !("message" in data)) return `GitHub answered ${status}.`;
  const errors = "errors" in data && Array.isArray(data.errors) ? `: ${data.errors.map((each) => JSON.stringify(each)).join(", ")}` : "";
  return `${String(data.message)}${errors}${"documentation_url" in data ? ` - ${String(data.documentation_url)}` : ""}`;
}
