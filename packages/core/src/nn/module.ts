// Module: something with parameters and a forward function. Its parameters and children are found among its fields,
// so that a model is a plain class, or a Sequential of layers.

import { pathTo, visitContents } from "../containers.js";
import { StateError } from "../errors.js";
import { optionsOf, readOptions, text } from "../options.js";
import { scope } from "../scope.js";
import { formatShape, type Shape, sameShape, stridesOf } from "../shape.js";
import { Tensor, wrap } from "../tensor.js";
import { formatModule } from "./module-text.js";
import { addNamed } from "./naming.js";
import { Parameter, Variable } from "./parameter.js";
import { apart, checkListed, currentStructure, type Part, run, structureChanged } from "./running.js";
import { type ShapesOf, summarize } from "./summary.js";

/** Values by parameter name, as `stateDict` gives them. */
export type StateDict = ReadonlyMap<string, Tensor>;

/** How many numbers a model trains, and how many it holds fixed. */
export interface ParameterCount {
  readonly trainable: number;
  readonly frozen: number;
  readonly total: number;
}

/** The variables of a module and of those inside, while they are collected. */
interface Collection {
  readonly owner: string;
  readonly found: Map<string, Variable>;
  readonly seen: Set<Part>;
}

/** All that is inside of a module, and how far structures had changed when it was found. */
interface Listing {
  readonly parts: ReadonlySet<Part>;
  readonly structure: number;
}

const MODULE = optionsOf<{ name?: string | undefined }>({ name: text });

/** A module whatever it takes and gives. */
export type AnyModule = Module<readonly unknown[], unknown>;

/**
 * The base of layers and models: write `forward`, call `apply`. From one tensor to one tensor, unless the type says
 * otherwise: `class Attention extends Module<[query: Tensor, memory: Tensor], { output: Tensor; weights: Tensor }>`.
 */
export abstract class Module<Inputs extends readonly unknown[] = [x: Tensor], Output = Tensor> {
  /** What a summary calls this kind of layer. Named, not read from the class: minifiers rename classes. */
  abstract readonly kind: string;
  /** The model's name; it stands in front of its parameters' names in messages. */
  readonly name: string | undefined;
  #training = true;
  /** What this module itself held when it was searched last. */
  #held: readonly Part[] | undefined;
  #listing: Listing | undefined;

  constructor(options: { name?: string | undefined } = {}) {
    const { name } = readOptions("Module", options, MODULE);
    this.name = name;
  }

  /** Computes the output. To be written by each module; to be called through `apply`. */
  abstract forward(...inputs: Inputs): Output;

  /**
   * Computes the module's output for its inputs: takes and gives what `forward` does.
   *
   * @throws UnregisteredError where a module, a parameter or another variable takes part that the outermost module being
   *   applied does not list, since a `#private` field or a closure holds it; inputs, and what they list, may be any
   */
  apply(...inputs: Inputs): Output {
    return run(this, inputs, () => this.forward(...inputs));
  }

  /** Whether the module is in training mode (the default). Dropout, for one, is idle in evaluation mode. */
  get training(): boolean {
    // a module that is not listed is not reached by `eval()`
    checkListed(this);
    return this.#training;
  }

  /** Switches this module and all inside to training mode. */
  train(): this {
    return this.#setTraining(true);
  }

  /** Switches this module and all inside to evaluation mode. */
  eval(): this {
    return this.#setTraining(false);
  }

  /** What errors and printing say of the layer beside its kind: its sizes, `128→784`. */
  get signature(): string | undefined {
    return undefined;
  }

  /** The model as a tree: a line for each module inside, and for each parameter that is not of a layer. */
  toString(): string {
    // to print is not to apply, where it is done within a forward
    return apart(() => formatModule(this));
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth = 0): string {
    return depth < 0 ? `[${this.name ?? this.kind}]` : this.toString();
  }

  /** What a summary says of the layer beside its kind: a mode that it is in. */
  get note(): string | undefined {
    return undefined;
  }

  /**
   * The modules directly inside, by the names of the fields that hold them. Arrays, plain objects, maps and sets in
   * fields are searched, to any depth: `field.0`, `field.key.1`. Entries of sets, and of maps under keys that are objects,
   * are named by their places. What `#private` fields and closures hold is not found.
   *
   * @throws StateError where two have the same name
   */
  children(): ReadonlyMap<string, AnyModule> {
    return this.#members().modules;
  }

  /** The trained values by name, each once: this module's own, then its children's as `child.name`. */
  namedParameters(): ReadonlyMap<string, Parameter> {
    const found = new Map<string, Parameter>();
    for (const [name, variable] of this.namedVariables()) if (variable instanceof Parameter) found.set(name, variable);
    return found;
  }

  /** All that the module's state consists of, by name: its parameters, and what it keeps beside, as running statistics. */
  namedVariables(): ReadonlyMap<string, Variable> {
    const found = this.#search();
    const prefix = this.name === undefined ? "" : `${this.name}.`;
    for (const [path, variable] of found) variable.nameWithin(prefix + path);
    return found;
  }

  /** The trained values, each once. This is what an optimizer is given. */
  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  /** How many numbers the parameters hold. */
  parameterCount(): ParameterCount {
    let [trainable, frozen] = [0, 0];
    for (const parameter of this.parameters()) {
      if (parameter.frozen) frozen += parameter.size;
      else trainable += parameter.size;
    }
    return { trainable, frozen, total: trainable + frozen };
  }

  /** Freezes all parameters: gradients for them are refused, and optimizers leave them alone. */
  freeze(): this {
    for (const parameter of this.parameters()) parameter.freeze();
    return this;
  }

  /** Makes all parameters trainable. */
  unfreeze(): this {
    for (const parameter of this.parameters()) parameter.unfreeze();
    return this;
  }

  /** A copy of the values of all parameters and other variables, by name. Later training does not change it. */
  stateDict(): StateDict {
    return copyState(this.namedVariables());
  }

  /**
   * Overwrites the values of all parameters and other variables.
   *
   * @throws StateError that lists every missing, unexpected and misshapen entry; BackendError for values of another
   *   backend that answers asynchronously. Nothing was changed then.
   */
  loadStateDict(state: StateDict): void {
    loadState(this.name ?? this.kind, this.namedVariables(), state);
  }

  /**
   * A table of the modules inside with their output shapes and parameters, as text. A module that is applied twice, and
   * a parameter of two modules, count once; a module with parameters of its own has a row, `(own)`.
   *
   * @param inputShapes for each input its shape without the batch axis; for tuples and records of tensors, such of shapes;
   *   for anything else the value itself
   * @throws ShapeError where the model does not take such inputs
   */
  summary(...inputShapes: ShapesOf<Inputs>): string {
    return summarize(this, inputShapes);
  }

  /** @internal Runs `fn` in evaluation mode, and restores the mode of every module inside. */
  inEvaluation<T>(fn: () => T): T {
    const modes = this.#all().map((module) => [module, module.#training] as const);
    try {
      this.eval();
      return fn();
    } finally {
      for (const [module, training] of modes) module.#training = training;
    }
  }

  /** @internal Whether the module is there to hold others, and is not applied itself. */
  get isContainer(): boolean {
    return false;
  }

  /** @internal The field whose contents are named without its name: `0.kernel`, not `layers.0.kernel`. */
  protected get inlinedField(): string | undefined {
    return undefined;
  }

  /** @internal This module and all modules and variables inside; as of the last search, unless `again`. */
  listParts(again = false): ReadonlySet<Part> {
    if (again || this.#listing?.structure !== currentStructure()) this.#search();
    return (this.#listing as Listing).parts;
  }

  #setTraining(training: boolean): this {
    for (const module of this.#all()) module.#training = training;
    return this;
  }

  /** This module and all inside, each once. */
  #all(): AnyModule[] {
    return [...this.listParts(true)].filter((part) => part instanceof Module);
  }

  /** Finds all variables inside by name, and lists all parts. */
  #search(): Map<string, Variable> {
    const collection = { owner: this.name ?? this.kind, found: new Map<string, Variable>(), seen: new Set<Part>() };
    this.#collect("", collection);
    this.#listing = { parts: collection.seen, structure: currentStructure() };
    return collection.found;
  }

  #collect(prefix: string, collection: Collection): void {
    const { owner, found, seen } = collection;
    if (seen.has(this)) return;
    seen.add(this);
    const { variables, modules } = this.#members();
    for (const [name, variable] of variables) {
      if (seen.has(variable)) continue;
      seen.add(variable);
      addNamed(owner, found, prefix + name, variable);
    }
    const children = this.children === Module.prototype.children ? modules : this.children();
    this.#noteHeld([...variables.values(), ...children.values()]);
    for (const [name, child] of children) child.#collect(`${prefix}${name}.`, collection);
  }

  /** Has all lists made anew where this module holds something else than before. */
  #noteHeld(held: readonly Part[]): void {
    const former = this.#held;
    this.#held = held;
    if (former && (former.length !== held.length || former.some((part, i) => part !== held[i]))) structureChanged();
  }

  /** What the fields hold, and the containers in them. Modules and variables are not searched. */
  #members(): { readonly variables: ReadonlyMap<string, Variable>; readonly modules: ReadonlyMap<string, AnyModule> } {
    const [variables, modules] = [new Map<string, Variable>(), new Map<string, AnyModule>()];
    const take = (value: unknown, path: string, key: string | number): boolean => {
      if (value instanceof Variable) addNamed(this.name ?? this.kind, variables, pathTo(path, key), value);
      else if (value instanceof Module) addNamed(this.name ?? this.kind, modules, pathTo(path, key), value);
      else return false;
      return true;
    };
    const { inlinedField } = this;
    for (const [field, value] of Object.entries(this)) {
      if (typeof value !== "object" || value === null || take(value, "", field)) continue;
      visitContents(value, field === inlinedField ? "" : field, take);
    }
    return { variables, modules };
  }
}

/** Copies of named tensors, which no scope owns. */
export function copyState(named: ReadonlyMap<string, Tensor>): StateDict {
  const copies = new Map<string, Tensor>();
  for (const [name, value] of named) {
    const view = { shape: value.shape, strides: stridesOf(value.shape), offset: 0 };
    const copy = wrap(value.backend, value.backend.copy(value.bufferFor("stateDict"), view), value.shape, "stateDict");
    copy.storage.adopt(undefined);
    copies.set(name, copy);
  }
  return copies;
}

/** Overwrites named variables; throws before it changes anything where the state does not fit. */
export function loadState(owner: string, targets: ReadonlyMap<string, Variable>, state: StateDict): void {
  scope(() => prepareState(owner, targets, state)());
}

/**
 * Does all of `loadState` that can fail, in the scope that is open: it checks the state, and reads what is elsewhere.
 *
 * @returns what then overwrites the variables, to be called in the same scope
 */
export function prepareState(owner: string, targets: ReadonlyMap<string, Variable>, state: StateDict): () => void {
  checkState(owner, new Map([...targets].map(([name, { shape }]) => [name, shape])), state);
  const values = [...targets].map(([name, variable]) => {
    // a variable that was disposed is refused
    variable.bufferFor("loadStateDict");
    return [variable, variable.likeOwn(state.get(name) as Tensor)] as const;
  });
  return () => {
    for (const [variable, value] of values) variable.assign(value);
  };
}

/** Throws a StateError that lists all that is wrong, unless `state` has exactly the given names and shapes. */
export function checkState(
  owner: string,
  shapes: ReadonlyMap<string, Shape>,
  state: StateDict,
  where = "loadStateDict",
): void {
  const missing = [...shapes.keys()].filter((name) => !state.has(name));
  const unexpected = [...state.keys()].filter((name) => !shapes.has(name));
  const misshapen = [...shapes].flatMap(([name, shape]) => {
    const given = state.get(name);
    if (given === undefined || (given instanceof Tensor && sameShape(given.shape, shape))) return [];
    return [
      `${name} is ${given instanceof Tensor ? formatShape(given.shape) : "no tensor"}, expected ${formatShape(shape)}`,
    ];
  });
  const problems = [
    ...(missing.length ? [`missing: ${missing.join(", ")}`] : []),
    ...(unexpected.length ? [`unexpected: ${unexpected.join(", ")}`] : []),
    ...(misshapen.length ? [`wrong shape: ${misshapen.join(", ")}`] : []),
  ];
  if (problems.length) throw new StateError(where, `does not fit ${owner}: ${problems.join("; ")}`);
  for (const name of shapes.keys()) state.get(name)?.bufferFor(where);
}
