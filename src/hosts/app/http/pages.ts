/** The App's own two pages: `/` for whoever installs it, `/healthz` for whoever runs it. */
import { unreachable } from "../../../shared/unreachable.ts";
import { escape, htmlPage } from "./html.ts";

/** What GitHub says of the App's credentials; `unknown` when it gave no answer to that. `htmlUrl` is the App's page, where it is installed. */
export type AppIdentity = { readonly kind: "known"; readonly name: string; readonly htmlUrl: string } | { readonly kind: "refused" } | { readonly kind: "unknown" };

export interface HomePage {
  readonly app: AppIdentity;
  /** For `public-key` in the workflow file. */
  readonly publicKey: string;
  readonly workflowPath: string;
  readonly configPath: string;
}

export function homePage(page: HomePage): string {
  const name = page.app.kind === "known" ? page.app.name : "WorkTrain";
  return htmlPage(
    name,
    `<p>Label an issue <code>worktrain:ready</code>, come back to a reviewed pull request.</p>
${identityLine(page.app)}
<h2>Ticket key</h2>
<p><code>${escape(page.publicKey)}</code></p>
<h2>For each repository</h2>
<ol>
<li>Install the App on it. It opens a pull request with <code>${escape(page.workflowPath)}</code> and <code>${escape(page.configPath)}</code>; <code>worktrain init</code> does the same in a clone.</li>
<li>Merge that pull request.</li>
<li>Make the environments <code>worktrain-agent</code> and <code>worktrain-deliver</code>, limited to the default branch, and the secret <code>ANTHROPIC_API_KEY</code> in the first.</li>
<li>Label an issue.</li>
</ol>`,
  );
}

function identityLine(app: AppIdentity): string {
  switch (app.kind) {
    case "known":
      return `<p>Installed as the GitHub App <a href="${escape(app.htmlUrl)}">${escape(app.name)}</a>.</p>`;
    case "refused":
      return "<p><strong>GitHub does not take this App's credentials.</strong> Compare APP_ID and PRIVATE_KEY with the App's settings, then restart.</p>";
    case "unknown":
      return "<p><strong>GitHub could not be asked who this App is.</strong> The App's log says why; if that lasts, check the network and GITHUB_API_URL. Reload this page to ask again.</p>";
    default:
      return unreachable(app);
  }
}
