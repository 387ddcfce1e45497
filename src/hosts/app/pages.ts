/** The App's own two pages: `/` for whoever installs it, `/healthz` for whoever runs it. */
import { unreachable } from "../../shared/unreachable.ts";

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
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(name)}</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
li { margin: 0.5rem 0; }
</style>
</head>
<body>
<h1>${escape(name)}</h1>
<p>Label an issue <code>worktrain:ready</code>, come back to a reviewed pull request.</p>
${identityLine(page.app)}
<h2>Ticket key</h2>
<p><code>${escape(page.publicKey)}</code></p>
<h2>For each repository</h2>
<ol>
<li>Install the App on it.</li>
<li>Add <code>${escape(page.workflowPath)}</code> from WorkTrain's <code>templates/worktrain.yml</code>; put the ticket key above in place of <code>__PUBLIC_KEY__</code>.</li>
<li>Make the environments <code>worktrain-agent</code> and <code>worktrain-deliver</code>, limited to the default branch, and the secret <code>ANTHROPIC_API_KEY</code> in the first.</li>
<li>Add <code>${escape(page.configPath)}</code>; an empty file means all defaults.</li>
<li>Label an issue.</li>
</ol>
</body>
</html>
`;
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

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
