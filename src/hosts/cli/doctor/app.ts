/** The App's credentials, permissions, events and deliveries, where its settings are in this environment. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { appJwt, pemOf } from "../../../github/app-jwt.ts";
import type { GitHub, Repository } from "../../../github/client.ts";
import { parseAnswer } from "../../../github/parse-answer.ts";
import { hasStatus, requestFailure, whatGitHubSaid } from "../../../github/request-error.ts";
import { publicTicketKey } from "../../../github/trust/index.ts";
import { systemErrorCode } from "../../../shared/durable-files.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { CliEnvironment } from "../command.ts";
import { good, unknown, wrong, type Finding } from "./finding.ts";

type AppVariables = CliEnvironment["app"];

const permissionsSchema = z.record(z.string(), z.string());
const appSchema = z.object({ slug: z.string().optional(), name: z.string(), permissions: permissionsSchema, events: z.array(z.string()) });
const installationSchema = z.object({ id: z.int(), permissions: permissionsSchema, events: z.array(z.string()), suspended_at: z.string().nullish() });
const deliverySchema = z.object({ guid: z.string(), delivered_at: z.string(), status: z.string(), status_code: z.int(), event: z.string() });
const manifestSchema = z.object({ default_permissions: permissionsSchema, default_events: z.array(z.string()) });

/** What the App is to be allowed and told (app.yml). */
export type AppManifest = z.infer<typeof manifestSchema>;
export const readManifest = (text: string): AppManifest => manifestSchema.parse(parse(text));

/** The public half of the ticket key, or why there is none; null when no key is set here. */
export function ticketKeyOf({ ticketKey }: AppVariables): Result<string, Finding> | null {
  if (ticketKey === null) return null;
  try {
    return ok(publicTicketKey(pemOf(ticketKey)));
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return err(wrong("ticket-key", error.message, error.fix));
  }
}

/** The App's own token, or what is wrong; null when its settings are not here. */
export function jwtOf({ id, privateKey, privateKeyPath }: AppVariables, nowMs: number): Result<string, Finding> | null {
  if (id === null || (privateKey === null && privateKeyPath === null)) return null;
  if (!/^[1-9][0-9]{0,14}$/.test(id)) return err(wrong("app-credentials", "APP_ID is no number.", "Copy it from the App's settings page."));
  try {
    return ok(appJwt(Number(id), privateKey ?? readFileSync(privateKeyPath ?? "", "utf8"), nowMs));
  } catch (error) {
    if (error instanceof TerminalError) return err(wrong("app-credentials", error.message, error.fix));
    const code = systemErrorCode(error);
    if (code === null) throw error;
    return err(wrong("app-credentials", `PRIVATE_KEY_PATH does not name a file that can be read (${code}).`, "Set it to where the App's .pem file is."));
  }
}

export interface AppLook {
  readonly findings: readonly Finding[];
  /** The App's installation on the repository; null when there is none, or it is suspended. */
  readonly installationId: number | null;
}

/** @param github speaks as the App @param repository null when none is known */
export async function lookAtApp(github: GitHub, manifest: AppManifest, repository: Repository | null): Promise<AppLook> {
  let app: z.infer<typeof appSchema>;
  try {
    app = parseAnswer(appSchema, (await github.request("GET /app")).data, "GET /app");
  } catch (error) {
    const failure = requestFailure(error);
    if (failure === null || failure.status >= 500) throw error;
    return { findings: [wrong("app-credentials", `GitHub does not take the App's key: ${whatGitHubSaid(failure)}`, "Check that APP_ID and PRIVATE_KEY are of the same App, that the key was not deleted, and that this machine's clock is right.")], installationId: null };
  }
  const installed = repository === null ? null : await lookAtInstallation(github, { manifest, repository, name: app.name });
  return {
    findings: [good("app-credentials", `GitHub takes the key of the App ${app.name}`), ...permissionFindings("app-permissions", `The App ${app.name}`, app.permissions, manifest), eventFinding(app, manifest), ...(installed?.findings ?? []), await deliveries(github)],
    installationId: installed?.installationId ?? null,
  };
}

/** Levels, the higher after the lower. */
const LEVELS = ["none", "read", "write", "admin"];
const level = (permissions: Readonly<Record<string, string>>, name: string): number => LEVELS.indexOf(permissions[name] ?? "none");

/** What an App may hold beyond its manifest: with it the onboarding pull request brings the workflow file along. */
const OPTIONAL = { workflows: "write" };

/** Permissions that are missing, and those beyond what WorkTrain asks for: more than the least is a risk, not a help. */
export function permissionFindings(id: string, who: string, held: Readonly<Record<string, string>>, { default_permissions: wanted }: AppManifest): readonly Finding[] {
  const named = (names: readonly string[], of: Readonly<Record<string, string>>): string => names.map((name) => `${name}: ${of[name] ?? "none"}`).join(", ");
  const missing = Object.keys(wanted).filter((name) => level(held, name) < level(wanted, name));
  const extra = Object.keys(held).filter((name) => level(held, name) > Math.max(level(wanted, name), level(OPTIONAL, name)));
  return [
    missing.length === 0 ? good(id, `${who} has every permission it needs`) : wrong(id, `${who} lacks ${named(missing, wanted)}`, id === "installation-permissions" ? "Accept the App's new permissions on the installation's page." : "Add them in the App's settings (Permissions & events), then accept them on each installation."),
    ...(extra.length === 0 ? [] : [wrong(`${id}-too-many`, `${who} may do more than it needs: ${named(extra, held)}`, "Take them away in the App's settings: what it may not do, nobody can make it do.")]),
  ];
}

function eventFinding({ name, events }: z.infer<typeof appSchema>, { default_events: wanted }: AppManifest): Finding {
  const missing = wanted.filter((event) => !events.includes(event));
  return missing.length === 0 ? good("app-events", `The App ${name} is told every event it needs`) : wrong("app-events", `The App ${name} is not told ${missing.join(", ")}`, "Subscribe to them in the App's settings (Permissions & events).");
}

async function lookAtInstallation(github: GitHub, { manifest, repository, name }: { readonly manifest: AppManifest; readonly repository: Repository; readonly name: string }): Promise<AppLook> {
  const at = `${repository.owner}/${repository.repo}`;
  try {
    const { data } = await github.request("GET /repos/{owner}/{repo}/installation", { ...repository });
    const { id, permissions, suspended_at: suspendedAt } = parseAnswer(installationSchema, data, "GET /repos/{owner}/{repo}/installation");
    if (suspendedAt !== null && suspendedAt !== undefined) return { findings: [wrong("installation", `The installation of ${name} on ${at} is suspended since ${suspendedAt}.`, "Unsuspend it on the installation's page.")], installationId: null };
    return { findings: [good("installation", `${name} is installed on ${at}`), ...permissionFindings("installation-permissions", `The installation on ${at}`, permissions, manifest)], installationId: id };
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
    return { findings: [wrong("installation", `${name} is not installed on ${at}.`, "Install it from the App's page, or add this repository to its installation.")], installationId: null };
  }
}

/** Deliveries looked at; GitHub keeps them for three days. */
const DELIVERIES = 50;

async function deliveries(github: GitHub): Promise<Finding> {
  const { data } = await github.request("GET /app/hook/deliveries", { per_page: DELIVERIES });
  // Newest first: of one that was delivered again the last try counts.
  const attempts = parseAnswer(z.array(deliverySchema), data, "GET /app/hook/deliveries");
  const all = attempts.filter(({ guid }, index) => attempts.findIndex((each) => each.guid === guid) === index);
  if (all.length === 0) return unknown("webhooks", "GitHub has delivered no webhook of the App lately", "Set a label on an issue, then look again.");
  const failed = all.filter(({ status_code: code }) => code < 200 || code >= 300);
  const [last] = failed;
  if (last === undefined) return good("webhooks", `the last ${all.length} webhooks were delivered`);
  return wrong("webhooks", `${failed.length} of the last ${all.length} webhooks were not delivered; the newest is ${last.event} at ${last.delivered_at}: ${last.status_code} ${last.status}`, last.status_code === 401 ? "Set WEBHOOK_SECRET to the secret in the App's settings, then redeliver them there (Advanced)." : "See that the App is up and can be reached at the webhook URL in its settings, then redeliver them there (Advanced).");
}
