// Reverse-mode differentiation over whatever ops there are. This file names none of them: an op is a forward function
// and a rule that takes the gradient of its output to gradients of its inputs, itself written in ops, so that a
// gradient can be differentiated again.

import { show } from "./describe.js";
import { AdjointError, ArgumentError, FrozenError, GradientError } from "./errors.js";
import { flag, optionsOf, readOptions } from "./options.js";
import { formatShape, sameShape } from "./shape.js";
import { refusePromise } from "./synchronous.js";
import { type GraphNode, Tensor, viewOf, wrap } from "./tensor.js";

let recording = true;
let nextNodeId = 0;
let watcher: OpWatcher | undefined;

/** @internal What is told of every op that ends, those inside other ops first. */
export type OpWatcher = (op: string, inputs: readonly Tensor[], output: Tensor) => void;

/** @internal Runs `fn` with every op told to `watch`. */
export function withOpWatcher<T>(watch: OpWatcher, fn: () => T): T {
  const former = watcher;
  watcher = watch;
  try {
    return fn();
  } finally {
    watcher = former;
  }
}

/** What a gradient rule is given. */
export interface GradientContext<Inputs extends readonly Tensor[], Options> {
  /** The gradient of the loss with respect to the output; of the output's shape. */
  readonly dy: Tensor;
  readonly inputs: Inputs;
  readonly output: Tensor;
  readonly options: Options;
}

/** An op: a name for messages, a forward function, and its gradient. */
export interface OpDefinition<Inputs extends readonly Tensor[], Options> {
  readonly name: string;
  /** Computes the output. Ops called in here are not recorded: the gradient below stands for them. */
  readonly forward: (inputs: Inputs, options: Options) => Tensor;
  /** One thunk an input, called only where that input leads to something asked for. Written in ops. */
  readonly gradient: (context: GradientContext<Inputs, Options>) => { readonly [K in keyof Inputs]: () => Tensor };
}

/** An op made by `defineOp`: from its inputs and its options to its output. */
export type Op<Inputs extends readonly Tensor[], Options> = (inputs: Inputs, options: Options) => Tensor;

/**
 * Makes an op out of a forward function and a gradient rule.
 *
 * @returns a function of the inputs and the options, which computes the output and, where an input needs a gradient,
 *   remembers how to go back.
 */
export function defineOp<Inputs extends readonly Tensor[], Options = undefined>(
  definition: OpDefinition<Inputs, Options>,
): Op<Inputs, Options> {
  return (inputs, options) => {
    const computed = withRecording(false, () => definition.forward(inputs, options));
    // a forward that hands on a tensor it did not make (its input, say) must not relabel it, nor lend its gradient
    const output = inputs.includes(computed) || needsGradient(computed) ? viewOf(computed, computed.shape) : computed;
    // errors name the op that was called, not the last one inside it
    const isNew = output === computed && !inputs.some(({ storage }) => storage === output.storage);
    if (isNew) output.storage.madeBy = definition.name;
    watcher?.(definition.name, inputs, output);
    if (recording && inputs.some(needsGradient)) {
      output.node = {
        id: nextNodeId++,
        op: definition.name,
        inputs,
        versions: inputs.map((input) => input.storage.version),
        gradient: (dy) => definition.gradient({ dy, inputs, output, options }),
      };
    }
    return output;
  };
}

function needsGradient(x: Tensor): boolean {
  return x.requiresGradient || x.node !== undefined;
}

/** @internal Runs `fn` with recording on or off. */
export function withRecording<T>(on: boolean, fn: () => T): T {
  const former = recording;
  recording = on;
  try {
    return fn();
  } finally {
    recording = former;
  }
}

/**
 * Runs `fn` without recording anything: what it computes has no gradient.
 *
 * @throws AdjointError where `fn` returns a promise: what runs after an `await` would be recorded.
 */
export function noGradient<T>(fn: () => T): T {
  return withRecording(false, () => refusePromise("noGradient", fn()));
}

/** The same values, cut from the graph: no gradient flows back through the result. Copies nothing. */
export function detach(x: Tensor): Tensor {
  x.bufferFor("detach");
  return viewOf(x, x.shape);
}

/** Options of `gradients` and `valueAndGradients`. */
export interface GradientOptions {
  /** Gives zeros for a tensor that does not influence the loss, where an error is the default. */
  readonly allowUnused?: boolean;
}

const GRADIENTS = optionsOf<GradientOptions>({ allowUnused: flag });

/** A gradient for each tensor asked about: of three, three. */
export type GradientsOf<Wrt extends readonly Tensor[]> = { -readonly [K in keyof Wrt]: Tensor };

/** NoInfer of TypeScript 5.4, for those before: nothing is inferred from where this stands. */
type NotInferred<Wrt extends readonly Tensor[]> = [Wrt][Wrt extends readonly Tensor[] ? 0 : never];

// d (a + b): both get dy
const accumulate = defineOp<[Tensor, Tensor]>({
  name: "accumulate gradients",
  forward: ([a, b]) => {
    const [left, right] = [a.operandFor("gradients"), b.operandFor("gradients")];
    return wrap(a.backend, a.backend.binary("add", left, right, a.shape), a.shape, "gradients");
  },
  gradient: ({ dy }) => [() => dy, () => dy],
});

/**
 * The gradients of a scalar with respect to tensors: one for each, of its shape, in order. Nothing accumulates
 * anywhere; call it again and the same comes back. The result can be differentiated again.
 *
 * Computes only what lies on a path from `wrt` to `loss`. Method: reverse accumulation, Griewank & Walther,
 * "Evaluating Derivatives", 2nd ed., ch. 3.
 *
 * @param loss a tensor of one element
 * @param wrt leaves that require a gradient (`Parameter`, `tensor(…, { requiresGradient: true })`), or tensors
 *   computed from such
 * @throws GradientError where the loss has not one element, where one of `wrt` does not influence it (see
 *   `allowUnused`), or where something it was computed from was changed in place since; FrozenError where one of `wrt`
 *   is frozen; AdjointError where an op's own rule gives a gradient of the wrong shape
 */
export function gradients<const Wrt extends readonly Tensor[]>(
  loss: Tensor,
  wrt: Wrt,
  options: GradientOptions = {},
): GradientsOf<Wrt> {
  const found = findGradients(loss, wrt, readOptions("gradients", options, GRADIENTS));
  return found.map((gradient, i) => gradient ?? zerosLike(wrt[i] as Tensor)) as GradientsOf<Wrt>;
}

/** @internal `gradients`, with `undefined` instead of zeros for what does not influence the loss. */
export function findGradients(
  loss: Tensor,
  wrt: readonly Tensor[],
  options: GradientOptions = {},
): (Tensor | undefined)[] {
  if (!(loss instanceof Tensor)) {
    throw new GradientError("gradients", `the loss must be a tensor, got ${typeof loss}: was it returned?`);
  }
  if (loss.size !== 1) {
    throw new GradientError(
      "gradients",
      `the loss must have one element, got ${formatShape(loss.shape)}; reduce it with mean() or sum()`,
    );
  }
  checkTensors("gradients", wrt);
  for (const x of wrt) checkNotFrozen("gradients", x);
  const path = nodesBetween(loss, wrt);
  if (!options.allowUnused) for (const x of wrt) checkUsed(x, loss, path);
  const seed = wrap(loss.backend, loss.backend.fill(loss.dtype, 1, 1), loss.shape, "gradients");
  const found = walkBack(loss, seed, path, new Set(wrt.map(keyOf)));
  return wrt.map((x) => found.get(keyOf(x)));
}

/**
 * Computes `fn(...wrt)` and the gradients of its scalar result with respect to each of `wrt`, which need not have
 * been made with `requiresGradient`. `fn` may leave its arguments aside: `valueAndGradients(() => …, model.parameters())`.
 *
 * @throws GradientError and FrozenError as `gradients` does
 */
export function valueAndGradients<Wrt extends readonly Tensor[]>(
  fn: (...inputs: NotInferred<Wrt>) => Tensor,
  wrt: readonly [...Wrt],
  options: GradientOptions = {},
): { value: Tensor; gradients: GradientsOf<Wrt> } {
  readOptions("valueAndGradients", options, GRADIENTS);
  if (typeof fn !== "function") throw new ArgumentError("valueAndGradients", `takes a function, got ${show(fn)}`);
  checkTensors("valueAndGradients", wrt);
  for (const x of wrt) checkNotFrozen("valueAndGradients", x);
  const former = wrt.map((x) => x.requiresGradient);
  try {
    for (const x of wrt) x.requiresGradient = true;
    const value = withRecording(true, () => refusePromise("valueAndGradients", fn(...wrt)));
    return { value, gradients: gradients(value, wrt, options) };
  } finally {
    wrt.forEach((x, i) => {
      x.requiresGradient = former[i] as boolean;
    });
  }
}

/** Throws unless `wrt` is an array of tensors. */
function checkTensors(where: string, wrt: readonly Tensor[]): void {
  if (!Array.isArray(wrt)) {
    throw new ArgumentError(where, `takes an array of tensors, as model.parameters() gives it, got ${show(wrt)}`);
  }
  const wrong = wrt.findIndex((x) => !(x instanceof Tensor));
  if (wrong >= 0) throw new ArgumentError(where, `entry ${wrong} must be a tensor, got ${show(wrt[wrong])}`);
}

function checkNotFrozen(where: string, x: Tensor): void {
  if (x.frozen) throw new FrozenError(where, `${x.label} is frozen; unfreeze it, or leave it out`);
}

type Key = Tensor | GraphNode;

/** What stands for a tensor in the graph: its node, or for a leaf the tensor itself. */
function keyOf(x: Tensor): Key {
  return x.node ?? x;
}

interface Path {
  /** The nodes that lie between `wrt` and the loss, oldest first. */
  readonly nodes: readonly GraphNode[];
  /** Those nodes, and the tensors of `wrt` that were met. */
  readonly keys: ReadonlySet<Key>;
}

/** Finds what leads from `wrt` to the loss. Iterative, so that a graph of any depth works. */
function nodesBetween(loss: Tensor, wrt: readonly Tensor[]): Path {
  const asked = new Set(wrt.map(keyOf));
  const reached = new Set<GraphNode>();
  const stack = loss.node ? [loss.node] : [];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    for (const input of node.inputs) if (input.node && !reached.has(input.node)) stack.push(input.node);
  }
  const keys = new Set<Key>(asked.has(keyOf(loss)) ? [keyOf(loss)] : []);
  const nodes: GraphNode[] = [];
  for (const node of [...reached].sort((a, b) => a.id - b.id)) {
    for (const input of node.inputs) if (asked.has(keyOf(input))) keys.add(keyOf(input));
    if (!node.inputs.some((input) => keys.has(keyOf(input)))) continue;
    keys.add(node);
    nodes.push(node);
  }
  return { nodes, keys };
}

function walkBack(loss: Tensor, seed: Tensor, { nodes, keys }: Path, asked: ReadonlySet<Key>): Map<Key, Tensor> {
  const found = new Map<Key, Tensor>([[keyOf(loss), seed]]);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as GraphNode;
    const dy = found.get(node);
    if (!dy) continue;
    if (!asked.has(node)) found.delete(node);
    checkUnchanged(node);
    const thunks = node.gradient(dy);
    node.inputs.forEach((input, position) => {
      const key = keyOf(input);
      if (!keys.has(key)) return;
      const gradient = thunks[position]?.();
      checkGradient(node, position, gradient);
      const before = found.get(key);
      found.set(key, before ? accumulate([before, gradient], undefined) : gradient);
    });
  }
  return found;
}

function checkUsed(x: Tensor, loss: Tensor, { keys }: Path): void {
  if (keys.has(keyOf(x))) return;
  const why = needsGradient(x)
    ? "does not influence the loss: it was not used, or was frozen or detached while the loss was computed"
    : "does not require a gradient: make it with { requiresGradient: true }, or call valueAndGradients";
  throw new GradientError("gradients", `${x.label} ${why} (the loss was made by ${loss.storage.madeBy})`);
}

function checkUnchanged(node: GraphNode): void {
  node.inputs.forEach((input, i) => {
    if (input.storage.version !== node.versions[i]) {
      throw new GradientError(
        "gradients",
        `${input.label} was updated after ${node.op} had used it for the loss; compute the loss again`,
      );
    }
  });
}

function checkGradient(node: GraphNode, position: number, gradient: unknown): asserts gradient is Tensor {
  const expected = (node.inputs[position] as Tensor).shape;
  if (gradient instanceof Tensor && sameShape(gradient.shape, expected)) return;
  const found = gradient instanceof Tensor ? `has shape ${formatShape(gradient.shape)}` : "is no tensor";
  throw new AdjointError(node.op, `its gradient for input ${position} ${found}, expected ${formatShape(expected)}`);
}

function zerosLike(x: Tensor): Tensor {
  return wrap(x.backend, x.backend.fill(x.dtype, x.size, 0), x.shape, "gradients");
}
