import type { Json } from "../../../shared/json.ts";
import type { Issue } from "../../issue.ts";
import { isMapping } from "../placed-steps.ts";
import type { LintRule } from "../subject.ts";

export const unusedDeclaration: LintRule = {
  code: "unused-declaration",
  severity: "warning",
  tells: "The file declares a contract, an assessment or an extension point that no step uses.",
  find: ({ root, steps }) => {
    const contracts = new Set(steps.flatMap(({ step }) => (step.kind === "standard" ? [step.contract?.ref] : step.kind === "parallel" ? [step.synthesis?.contract?.ref] : [])));
    const assessments = new Set(steps.flatMap(({ step }) => (step.kind === "standard" ? step.assessments : [])));
    const text = JSON.stringify(root["steps"] ?? []);
    const declared = isMapping(root["contracts"]) ? Object.keys(root["contracts"]) : [];
    return [
      ...declared.filter((name) => !contracts.has(name)).map((name) => unused("contract", name, ["contracts", name])),
      ...named(root["assessments"], "id").filter(({ name }) => !assessments.has(name)).map(({ name, index }) => unused("assessment", name, ["assessments", index, "id"])),
      ...named(root["extensionPoints"], "slotId").filter(({ name }) => !text.includes(`wr.bindings.${name}`)).map(({ name, index }) => unused("extension point", name, ["extensionPoints", index, "slotId"])),
    ];
  },
};

const named = (list: Json | undefined, key: string): readonly { readonly name: string; readonly index: number }[] =>
  Array.isArray(list) ? list.flatMap((item, index) => (isMapping(item) && typeof item[key] === "string" ? [{ name: item[key], index }] : [])) : [];

const unused = (what: string, name: string, path: Issue["path"]): Issue => ({ path, at: "key", message: `No step uses the ${what} "${name}".`, fix: "Use it, or remove it." });
