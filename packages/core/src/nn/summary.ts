// The table of Module.summary(): the modules directly inside of a model, with their output shapes and parameters.

import { noGradient } from "../autodiff.js";
import { withBackend } from "../backends/current.js";
import { zeros } from "../ops/creation.js";
import { scope } from "../scope.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import type { Module } from "./module.js";
import type { Parameter } from "./parameter.js";
import { type ApplyObserver, withApplyObserver } from "./running.js";

/** How many numbers are trained, and how many are not. */
interface Count {
  readonly trainable: number;
  readonly frozen: number;
}

/** One line of the table. */
interface Row extends Count {
  readonly name: string;
  readonly kind: string;
  readonly output: string;
}

/**
 * The summary of a model, as text. A parameter counts in the first row that has it, so that the rows add up to the total:
 * those of the modules inside in the order in which they end, then the model's own, which are printed first.
 */
export function summarize(model: Module, inputShape: Shape): string {
  const layers = layersOf(model);
  const count = parameterCounter();
  const applied = new Set<Module>();
  const rows: Row[] = [];
  const observe: ApplyObserver = (module, forward) => {
    const output = forward();
    const layer = layers.get(module);
    if (layer) rows.push({ ...layer, output: formatOutput(output), ...count(module) });
    applied.add(module);
    return output;
  };
  const compute = () => formatOutput(noGradient(() => model.apply(blankInput(model, [1, ...inputShape]))));
  const output = model.inEvaluation(() => withApplyObserver(observe, () => scope(compute)));
  for (const [module, layer] of layers) {
    const counted = applied.has(module) ? undefined : count(module);
    if (counted && sizeOf(counted) > 0) rows.push({ ...layer, output: "not applied", ...counted });
  }
  const own = count(model);
  if (sizeOf(own) > 0) rows.unshift({ name: "(own)", kind: model.kind, output, ...own });
  return formatTable(model.name ?? model.kind, rows, model.parameterCount());
}

/** The modules directly inside, each under the first of its names; with what their modes are called now. */
function layersOf(model: Module): Map<Module, Pick<Row, "name" | "kind">> {
  const layers = new Map<Module, Pick<Row, "name" | "kind">>();
  for (const [name, module] of model.children()) {
    if (layers.has(module) || module === model) continue;
    layers.set(module, { name, kind: module.note ? `${module.kind}, ${module.note}` : module.kind });
  }
  return layers;
}

/** Counts the parameters of one module after the other, each parameter once. */
function parameterCounter(): (module: Module) => Count {
  const counted = new Set<Parameter>();
  return (module) => {
    let [trainable, frozen] = [0, 0];
    for (const parameter of module.parameters()) {
      if (counted.has(parameter)) continue;
      counted.add(parameter);
      if (parameter.frozen) frozen += parameter.size;
      else trainable += parameter.size;
    }
    return { trainable, frozen };
  };
}

/** Zeros of the kind that the parameters are, wherever they live. */
function blankInput(model: Module, shape: Shape): Tensor {
  const [first] = model.parameters();
  return first ? withBackend(first.backend, () => zeros(shape, { dtype: first.dtype })) : zeros(shape);
}

function formatOutput({ shape }: Tensor): string {
  return `[${["batch", ...shape.slice(1)].join(",")}]`;
}

function sizeOf({ trainable, frozen }: Count): number {
  return trainable + frozen;
}

const HEADINGS = ["Layer", "Kind", "Output shape", "Trainable", "Frozen"];

/** A table with a title above and the sums below. */
function formatTable(title: string, rows: readonly Row[], totals: Count): string {
  const cells = rows.map(({ name, kind, output, ...count }) => [name, kind, output, ...formatCount(count)]);
  const sums = ["Total", "", "", ...formatCount(totals)];
  const table = [HEADINGS, ...cells, sums];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((line) => (line[column] as string).length)));
  const write = (line: readonly string[]) =>
    line
      // names to the left, numbers to the right
      .map((cell, column) =>
        column < 3 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number),
      )
      .join("  ")
      .trimEnd();
  const rule = "─".repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [title, rule, write(HEADINGS), rule, ...cells.map(write), rule, write(sums)].join("\n");
}

function formatCount({ trainable, frozen }: Count): string[] {
  return [trainable, frozen].map((value) => value.toLocaleString("en-US"));
}
