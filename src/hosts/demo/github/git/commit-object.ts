import type { NewCommit, Signature } from "./git.ts";

/** The bytes of a commit object; the message is kept to the byte. */
export function serializeCommit(commit: NewCommit): string {
  return [
    `tree ${commit.tree}`,
    ...commit.parents.map((parent) => `parent ${parent}`),
    `author ${formatSignature(commit.author)}`,
    `committer ${formatSignature(commit.committer)}`,
    "",
    commit.message,
  ].join("\n");
}

/** Reads a commit object; headers other than tree, parent, author and committer are passed over. */
export function parseCommit(text: string): NewCommit {
  const end = text.indexOf("\n\n");
  const headers = text.slice(0, end === -1 ? undefined : end).split("\n");
  const all = (name: string): string[] => headers.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  return {
    tree: all("tree")[0] ?? "",
    parents: all("parent"),
    author: parseSignature(all("author")[0] ?? ""),
    committer: parseSignature(all("committer")[0] ?? ""),
    message: end === -1 ? "" : text.slice(end + 2),
  };
}

// git takes out of names what would break the header line
const plain = (text: string): string => text.replaceAll(/[<>\n\0]/g, "");

function formatSignature(signature: Signature): string {
  return `${plain(signature.name)} <${plain(signature.email)}> ${Math.floor(Date.parse(signature.date) / 1000)} +0000`;
}

function parseSignature(line: string): Signature {
  const match = /^(.*?) ?<([^>]*)> ([0-9]+) [+-][0-9]{4}$/.exec(line);
  const seconds = Number(match?.[3] ?? 0);
  return { name: match?.[1] ?? "", email: match?.[2] ?? "", date: new Date(seconds * 1000).toISOString().replace(".000Z", "Z") };
}
