// The table of Module.summary(): the modules directly inside of a model, with their output shapes and parameters.

import { noGradient } from "../autodiff.js";
import { withBackend } from "../backends/current.js";
import { isPlainObject, pathTo, visitContents } from "../containers.js";
import { zeros } from "../ops/creation.js";
import { scope } from "../scope.js";
import type { Shape } from "../shape.js";
import { Tensor } from "../tensor.js";
import type { AnyModule } from "./module.js";
import type { Parameter } from "./parameter.js";
import { type ApplyObserver, withApplyObserver } from "./running.js";

/** What describes an input of `forward`: a shape for a tensor. */
type ShapeOf<Input> = Input extends Tensor
  ? Shape
  : Input extends readonly unknown[] | Readonly<Record<string, unknown>>
    ? { readonly [Key in keyof Input]: ShapeOf<Input[Key]> }
    : Input;

/** What describes the inputs of `forward`. */
export type ShapesOf<Inputs extends readonly unknown[]> = { [Place in keyof Inputs]: ShapeOf<Inputs[Place]> };

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
export function summarize(model: AnyModule, inputShapes: readonly unknown[]): string {
  const layers = layersOf(model);
  const count = parameterCounter();
  const applied = new Set<AnyModule>();
  const rows: Row[] = [];
  const observe: ApplyObserver = (module, forward) => {
    const output = forward();
    const layer = layers.get(module);
    if (layer) rows.push({ ...layer, output: formatOutput(output), ...count(module) });
    applied.add(module);
    return output;
  };
  const compute = () =>
    formatOutput(noGradient(() => model.apply(...inputShapes.map((shape) => blankInput(model, shape)))));
  const output = model.inEvaluation(() => withApplyObserver(observe, () => scope(compute)));
  for (const [module, layer] of layers) {
    const counted = applied.has(module) ? undefined : count(module);
    if (counted && sizeOf(counted) > 0) rows.push({ ...layer, output: "not applied", ...counted });
  }
  const own = count(model);
  if (sizeOf(own) > 0) rows.unshift({ name: "(own)", kind: model.kind, output, ...own });
  return formatTable(model.name ?? model.kind, rows, model.parameterCount());
}

type Layers = Map<AnyModule, Pick<Row, "name" | "kind">>;

/** The modules directly inside and in lists there, each under the first of its names; and what their modes are now. */
function layersOf(model: AnyModule, prefix = "", layers: Layers = new Map(), lists = new Set([model])): Layers {
  for (const [name, module] of model.children()) {
    if (layers.has(module) || lists.has(module)) continue;
    const kind = module.note ? `${module.kind}, ${module.note}` : module.kind;
    if (module.isContainer) layersOf(module, `${prefix}${name}.`, layers, lists.add(module));
    else layers.set(module, { name: prefix + name, kind });
  }
  return layers;
}

/** Counts the parameters of one module after the other, each parameter once. */
function parameterCounter(): (module: AnyModule) => Count {
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

/** Zeros for a shape, of the kind that the parameters are, wherever they live; for a structure of shapes, one of zeros. */
function blankInput(model: AnyModule, input: unknown): unknown {
  if (Array.isArray(input) && input.every((size) => typeof size === "number")) {
    const shape = [1, ...input];
    const [first] = model.parameters();
    return first ? withBackend(first.backend, () => zeros(shape, { dtype: first.dtype })) : zeros(shape);
  }
  if (Array.isArray(input)) return input.map((part) => blankInput(model, part));
  if (!isPlainObject(input)) return input;
  return Object.fromEntries(Object.entries(input).map(([name, part]) => [name, blankInput(model, part)]));
}

/** The shape of an output, or the shapes of the tensors in it, with the names that they have there. */
function formatOutput(output: unknown): string {
  if (output instanceof Tensor) return `[${["batch", ...output.shape.slice(1)].join(",")}]`;
  const shapes: string[] = [];
  visitContents(output, "", (value, path, key) => {
    if (!(value instanceof Tensor)) return false;
    const name = pathTo(path, key);
    shapes.push(/^\d+$/.test(name) ? formatOutput(value) : `${name} ${formatOutput(value)}`);
    return true;
  });
  return shapes.join(", ");
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
