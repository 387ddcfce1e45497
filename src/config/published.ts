/** The configuration as documents: the JSON Schema for editors and the table for people, both made from the schema. */
import { z } from "zod";
import { configSchema } from "./schema.ts";

/** JSON Schema (draft 2020-12) of `.github/worktrain.yml`. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    title: "WorkTrain configuration",
    description: "`.github/worktrain.yml` on the default branch of a repository that WorkTrain works for.",
    ...z.toJSONSchema(configSchema, { io: "input", target: "draft-2020-12" }),
  };
}

const schemaNode = z.object({
  description: z.string().optional(),
  type: z.string().optional(),
  anyOf: z.array(z.object({ type: z.string(), minimum: z.number().optional(), maximum: z.number().optional() })).optional(),
  items: z.object({ type: z.string() }).optional(),
  default: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  get properties() {
    return z.record(z.string(), schemaNode).optional();
  },
});

/** One Markdown row a key: name, type, default, meaning. */
export function configTable(): string {
  const rows = ["| key | type | default | meaning |", "|---|---|---|---|"];
  const visit = (node: z.infer<typeof schemaNode>, path: readonly string[]): void => {
    for (const [name, member] of Object.entries(node.properties ?? {})) {
      const memberPath = [...path, name];
      if (member.properties !== undefined) visit(member, memberPath);
      else rows.push(`| \`${memberPath.join(".")}\` | ${typeOf(member)} | \`${JSON.stringify(member.default)}\` | ${(member.description ?? "").replaceAll("|", "\\|")} |`);
    }
  };
  visit(schemaNode.parse(configJsonSchema()), []);
  return rows.join("\n");
}

function typeOf(node: z.infer<typeof schemaNode>): string {
  const names = node.anyOf?.map((option) => option.type) ?? [node.type === "array" ? `list of ${node.items?.type ?? "values"}` : (node.type ?? "any")];
  const { minimum, maximum } = node.anyOf?.[0] ?? node;
  const range = minimum === undefined || maximum === undefined ? "" : `, ${minimum} to ${maximum}`;
  return names.join(" or ") + range;
}
