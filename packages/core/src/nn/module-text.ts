// Modules as text: a line each, modules inside and parameters indented below.

import { formatShape } from "../shape.js";
import { describeKind } from "./layer-path.js";
import type { AnyModule } from "./module.js";
import { Parameter } from "./parameter.js";

/** A model as a tree. */
export function formatModule(model: AnyModule): string {
  const { trainable, frozen } = model.parameterCount();
  const counts = [`${trainable.toLocaleString("en-US")} trainable`, `${frozen.toLocaleString("en-US")} frozen`];
  const title = model.name === undefined ? lineOf(model) : `${model.name}: ${lineOf(model)}`;
  return [`${title}, parameters: ${counts.join(", ")}`, ...linesInside(model, [model])].join("\n");
}

function lineOf(module: AnyModule): string {
  return module.note === undefined ? describeKind(module) : `${describeKind(module)}, ${module.note}`;
}

function linesInside(module: AnyModule, above: readonly AnyModule[]): string[] {
  const children = [...module.children()];
  const below = children.filter(([, child]) => !above.includes(child));
  const inside = new Set(below.flatMap(([, child]) => [...child.namedVariables().values()]));
  const lines: string[] = [];
  for (const [name, variable] of module.namedVariables()) {
    // a layer says its sizes itself
    if (inside.has(variable) || module.signature !== undefined) continue;
    lines.push(`  ${name}: ${variable instanceof Parameter ? "Parameter" : "Variable"} ${formatShape(variable.shape)}`);
  }
  for (const [name, child] of children) {
    const known = above.includes(child);
    lines.push(`  ${name}: ${lineOf(child)}${known ? " (above)" : ""}`);
    if (!known) lines.push(...linesInside(child, [...above, child]).map((line) => `  ${line}`));
  }
  return lines;
}
