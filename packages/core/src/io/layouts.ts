// State dictionaries as PyTorch and Keras name and lay them out, and back: one entry a layer.

import { ArgumentError, StateError } from "../errors.js";
import { Conv2d, ConvTranspose2d } from "../nn/convolution-layers.js";
import { Embedding } from "../nn/embedding.js";
import { Dense } from "../nn/layers.js";
import { type AnyModule, checkState, type StateDict } from "../nn/module.js";
import { BatchNorm, LayerNorm } from "../nn/normalization-layers.js";
import { Variable } from "../nn/parameter.js";
import { type Shape, stridesOf } from "../shape.js";
import { type Tensor, wrap } from "../tensor.js";

/** Whose names and whose order of axes a state dictionary has: the library's own, PyTorch's, or Keras's. */
export type Layout = "adjoint" | "pytorch" | "keras";

/** All layouts. */
export const layouts: readonly Layout[] = ["adjoint", "pytorch", "keras"];

type ForeignLayout = Exclude<Layout, "adjoint">;

/** What a parameter is elsewhere: its name, and which of our axes is the first there, the second, and so on. */
interface Form {
  readonly name: string;
  readonly axes?: readonly number[];
}

/** A kind of layer: what Keras calls its first one, and what its parameters are elsewhere, by their fields. */
interface LayerForm {
  readonly layer: abstract new (...args: never[]) => AnyModule;
  readonly kerasName: string;
  readonly fields: Readonly<Record<string, Readonly<Record<ForeignLayout, Form>>>>;
}

/** Kernels [height, width, a, b] are [b, a, height, width] in PyTorch, of convolutions and of transposed ones alike. */
const CONVOLUTION: LayerForm["fields"] = {
  kernel: { pytorch: { name: "weight", axes: [3, 2, 0, 1] }, keras: { name: "kernel" } },
  bias: { pytorch: { name: "bias" }, keras: { name: "bias" } },
};

const NORMALIZATION: LayerForm["fields"] = {
  scale: { pytorch: { name: "weight" }, keras: { name: "gamma" } },
  offset: { pytorch: { name: "bias" }, keras: { name: "beta" } },
};

/** Every layer with parameters. torch.nn.Linear has its weight as [out, in], Keras's Dense as [in, out], as here. */
const LAYERS: readonly LayerForm[] = [
  {
    layer: Dense,
    kerasName: "dense",
    fields: {
      kernel: { pytorch: { name: "weight", axes: [1, 0] }, keras: { name: "kernel" } },
      bias: { pytorch: { name: "bias" }, keras: { name: "bias" } },
    },
  },
  { layer: Conv2d, kerasName: "conv2d", fields: CONVOLUTION },
  { layer: ConvTranspose2d, kerasName: "conv2d_transpose", fields: CONVOLUTION },
  {
    layer: BatchNorm,
    kerasName: "batch_normalization",
    fields: {
      ...NORMALIZATION,
      runningMean: { pytorch: { name: "running_mean" }, keras: { name: "moving_mean" } },
      runningVariance: { pytorch: { name: "running_var" }, keras: { name: "moving_variance" } },
    },
  },
  { layer: LayerNorm, kerasName: "layer_normalization", fields: NORMALIZATION },
  {
    layer: Embedding,
    kerasName: "embedding",
    fields: { kernel: { pytorch: { name: "weight" }, keras: { name: "embeddings" } } },
  },
];

/** PyTorch's count of the batches that a normalization has seen: nothing here depends on it. */
const UNUSED = "num_batches_tracked";

/** A parameter, or another variable, under a name that it has elsewhere. */
interface Entry {
  readonly name: string;
  readonly parameter: Variable;
  readonly axes: readonly number[];
}

/**
 * A copy of a model's parameters under the names and in the order of axes of another library.
 *
 * - `"pytorch"`: `0.weight` [out, in] and `0.bias`, by the places of the layers, as `nn.Sequential` of as many layers
 *   has them. A layer in several places has its values under each of them, as PyTorch's `state_dict` does. Kernels of
 *   convolutions have their channels first. So have PyTorch's images: a Dense behind a Flatten of images has its inputs
 *   in another order there, which no layout undoes.
 * - `"keras"`: `dense/kernel` [in, out] and `dense/bias`, then `dense_1/kernel`, …: as Keras names layers in the order
 *   in which they are made, in a fresh session, models inside of models not counted. A layer comes once.
 *   Kernels of convolutions are as they are here.
 * - `"adjoint"`: `model.stateDict()`.
 *
 * @throws ArgumentError for another layout; StateError that lists the parameters that have no form there
 */
export function toLayout(model: AnyModule, layout: Layout): StateDict {
  checkLayout("toLayout", layout);
  if (layout === "adjoint") return model.stateDict();
  const entries = entriesOf("toLayout", model, layout);
  return new Map(entries.map(({ name, parameter, axes }) => [name, rearrange("toLayout", parameter, axes)]));
}

/**
 * The way back: a state in another library's layout as `model.loadStateDict` takes it. Changes nothing itself.
 *
 * @param model tells which names and shapes there must be
 * @throws StateError that lists every missing, unexpected and misshapen entry by the other library's names;
 *   otherwise as `toLayout` does
 */
export function fromLayout(model: AnyModule, state: StateDict, layout: Layout): StateDict {
  checkLayout("fromLayout", layout);
  const own = new Map([...model.namedVariables()].map(([name, variable]) => [variable, name]));
  const entries =
    layout === "adjoint"
      ? [...own].map(([parameter, name]) => ({ name, parameter, axes: axesOf(parameter.shape) }))
      : entriesOf("fromLayout", model, layout);
  const shapes = new Map(entries.map(({ name, parameter, axes }) => [name, permute(parameter.shape, axes)]));
  const used = layout === "pytorch" ? new Map([...state].filter(([name]) => !name.endsWith(`.${UNUSED}`))) : state;
  checkState(model.name ?? model.kind, shapes, used, "fromLayout");
  return new Map(
    entries.map(({ name, parameter, axes }) => {
      const back = axes.map((_, axis) => axes.indexOf(axis));
      return [own.get(parameter) as string, rearrange("fromLayout", used.get(name) as Tensor, back)];
    }),
  );
}

function checkLayout(where: string, layout: Layout): void {
  if (layouts.includes(layout)) return;
  throw new ArgumentError(where, `the layout must be one of ${layouts.join(", ")}, got "${String(layout)}"`);
}

/** All parameters with their names elsewhere, in the order of the layers. */
function entriesOf(where: string, model: AnyModule, layout: ForeignLayout): Entry[] {
  const kerasNames = new KerasNames();
  const entries = new Map<string, Entry>();
  for (const [path, module] of placesIn(model)) {
    const form = LAYERS.find(({ layer }) => module instanceof layer);
    if (!form) continue;
    const prefix = layout === "keras" ? `${kerasNames.of(module, form.kerasName)}/` : path;
    for (const [field, value] of Object.entries(module)) {
      const elsewhere = form.fields[field]?.[layout];
      if (!elsewhere || !(value instanceof Variable)) continue;
      const name = prefix + elsewhere.name;
      entries.set(name, { name, parameter: value, axes: elsewhere.axes ?? axesOf(value.shape) });
    }
  }
  const known = new Set([...entries.values()].map(({ parameter }) => parameter));
  const unknown = [...model.namedVariables()].filter(([, parameter]) => !known.has(parameter));
  if (unknown.length > 0) {
    const names = unknown.map(([name]) => name).join(", ");
    throw new StateError(where, `${model.name ?? model.kind} has parameters without a ${layout} form: ${names}`);
  }
  return [...entries.values()];
}

/** Every module with the path in front of its parameters' names, once for each place that it is in. */
function* placesIn(module: AnyModule, path = "", above: readonly AnyModule[] = []): Generator<[string, AnyModule]> {
  // a module may lead back to one that holds it
  if (above.includes(module)) return;
  yield [path, module];
  for (const [name, child] of module.children()) yield* placesIn(child, `${path}${name}.`, [...above, module]);
}

/** Names as Keras gives them: `dense`, `dense_1`, …, one for each layer. */
class KerasNames {
  readonly #names = new Map<AnyModule, string>();
  readonly #counts = new Map<string, number>();

  of(layer: AnyModule, kind: string): string {
    const given = this.#names.get(layer);
    if (given !== undefined) return given;
    const count = this.#counts.get(kind) ?? 0;
    const name = count === 0 ? kind : `${kind}_${count}`;
    this.#counts.set(kind, count + 1);
    this.#names.set(layer, name);
    return name;
  }
}

function axesOf(shape: Shape): number[] {
  return shape.map((_, axis) => axis);
}

function permute(values: readonly number[], axes: readonly number[]): number[] {
  return axes.map((axis) => values[axis] as number);
}

/** A copy with its axes in another order, which no scope owns. */
function rearrange(where: string, value: Tensor, axes: readonly number[]): Tensor {
  const { backend } = value;
  const shape = permute(value.shape, axes);
  const view = { shape, strides: permute(stridesOf(value.shape), axes), offset: 0 };
  const copy = wrap(backend, backend.copy(value.bufferFor(where), view), shape, where);
  copy.storage.adopt(undefined);
  return copy;
}
