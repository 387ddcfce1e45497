/** The pages that lead an operator from nothing to a registered App, by GitHub's manifest flow. */
import { escape, htmlPage } from "../http/html.ts";

const TITLE = "Set up WorkTrain";

/** @param address as the browser reached this server */
export const askPage = (address: string, wrong: string | null): string =>
  htmlPage(
    TITLE,
    `<p>This server has no App yet: none of <code>APP_ID</code>, <code>PRIVATE_KEY</code> and <code>WEBHOOK_SECRET</code> is set. GitHub makes one with the right permissions in three steps.</p>
${wrong === null ? "" : `<p role="alert"><strong>${escape(wrong)}</strong></p>`}
<form method="get" action="/">
<label>Address of this server as GitHub reaches it <input type="url" name="address" value="${escape(address)}" required></label>
<label>Organisation that is to own the App; empty for your own account <input type="text" name="organization" pattern="[A-Za-z0-9][A-Za-z0-9-]{0,38}"></label>
<label><input type="checkbox" name="workflows" value="write" checked> It may write workflow files: then the pull request that sets a repository up has everything in it. Without this it has a link to add the workflow file.</label>
<button>Continue</button>
</form>`,
  );

export interface ConfirmPage {
  /** GitHub's page that takes the manifest, with the state. */
  readonly action: string;
  /** JSON. */
  readonly manifest: string;
  readonly webhookUrl: string;
  readonly permissions: Readonly<Record<string, string>>;
}

export const confirmPage = ({ action, manifest, webhookUrl, permissions }: ConfirmPage): string =>
  htmlPage(
    TITLE,
    `<p>GitHub is asked for an App with these permissions, and sends its webhooks to <code>${escape(webhookUrl)}</code>:</p>
<ul>${Object.entries(permissions).map(([name, level]) => `<li><code>${escape(name)}</code>: ${escape(level)}</li>`).join("")}</ul>
<p>GitHub shows them once more, lets you name the App, and sends you back here. Take no more than ten minutes.</p>
<form method="post" action="${escape(action)}">
<input type="hidden" name="manifest" value="${escape(manifest)}">
<button>Create the App on GitHub</button>
</form>`,
  );

export interface CreatedPage {
  readonly name: string;
  readonly htmlUrl: string;
  readonly environment: string;
}

export const createdPage = ({ name, htmlUrl, environment }: CreatedPage): string =>
  htmlPage(
    TITLE,
    `<p>The App <strong>${escape(name)}</strong> is made. <strong>These lines are shown once</strong> and are kept nowhere here. Put them into this server's environment:</p>
<pre>${escape(environment)}</pre>
<ol>
<li>Set <code>WORKTRAIN_ACTION</code> too: WorkTrain's action, pinned by commit.</li>
<li>Restart this server.</li>
<li><a href="${escape(htmlUrl)}/installations/new">Install the App</a> on a repository; it opens a pull request that sets it up.</li>
</ol>
<p>Lost them? Make a new private key and a new webhook secret on the <a href="${escape(htmlUrl)}">App's page</a>, App settings.</p>`,
  );

export const failedPage = (message: string, fix: string): string => htmlPage(TITLE, `<p role="alert"><strong>${escape(message)}</strong> ${escape(fix)}</p>\n<p><a href="/">Begin again</a></p>`);
