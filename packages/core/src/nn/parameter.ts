// What a model keeps and changes in place: parameters, which are trained and can be frozen, and other variables, which are
// not, such as running statistics.

import type { BackendBuffer } from "../backends/backend.js";
import { StateError } from "../errors.js";
import { formatShape, sameShape, stridesOf } from "../shape.js";
import { Storage } from "../storage.js";
import { Tensor, wrap } from "../tensor.js";
import { checkListed } from "./running.js";

/** What a class derived from Variable says of itself. */
interface VariableOptions {
  /** What errors call it. */
  readonly kind?: string;
  readonly requiresGradient?: boolean;
}

/**
 * A named tensor that is changed in place and belongs to no scope: a part of a model's state that is not trained, unless
 * it is a Parameter. The values it is made of are copied.
 */
export class Variable extends Tensor {
  #name: string;

  /** @param name what messages and state dictionaries call it; a Module puts its own path in front */
  constructor(value: Tensor, name: string, { kind = "Variable", requiresGradient = false }: VariableOptions = {}) {
    const { backend, shape } = value;
    const view = { shape, strides: stridesOf(shape), offset: 0 };
    const storage = Storage.pinned(backend, backend.copy(value.bufferFor(kind), view), kind);
    super({ storage, shape, requiresGradient });
    this.#name = name;
  }

  /** The name, with the path of the outermost module that has listed it: `generator.0.kernel`. */
  get name(): string {
    return this.#name;
  }

  override get label(): string {
    return `the variable "${this.#name}"`;
  }

  /** @internal Throws also where a module that is being applied does not list this variable. */
  override bufferFor(where: string): BackendBuffer {
    checkListed(this);
    return super.bufferFor(where);
  }

  /** @internal Takes a longer name: the path as an outer module sees it. */
  nameWithin(path: string): void {
    if (path.length > this.#name.length) this.#name = path;
  }

  /**
   * Overwrites the values in place. Derivatives of losses computed before are refused from then on.
   *
   * @param value a tensor of the same shape; from another backend or of another element type it is converted
   * @throws StateError where the shapes differ
   */
  assign(value: Tensor): void {
    if (!sameShape(value.shape, this.shape)) {
      throw new StateError("assign", `${this.label} is ${formatShape(this.shape)}, got ${formatShape(value.shape)}`);
    }
    const target = this.bufferFor("assign");
    const converted = this.likeOwn(value);
    this.backend.assign(target, converted.bufferFor("assign"));
    if (converted !== value) converted.dispose();
    this.storage.version++;
  }

  /** @internal A tensor with this variable's backend and element type: the one given, or else a copy of it. */
  likeOwn(value: Tensor): Tensor {
    const { backend, dtype } = this;
    if (value.backend === backend && value.dtype === dtype) return value;
    const values = value.dataSync();
    const copy = backend.upload(dtype === "float64" ? Float64Array.from(values) : Float32Array.from(values));
    return wrap(backend, copy, value.shape, "assign");
  }
}

/**
 * A named tensor of trained values. It requires a gradient unless it is frozen, and belongs to no scope. The values
 * it is made of are copied.
 */
export class Parameter extends Variable {
  /**
   * @param name what messages and state dictionaries call it; a Module puts its own path in front
   * @param kind internal: what errors call it where an optimizer keeps its state in one
   */
  constructor(value: Tensor, name: string, kind = "Parameter") {
    super(value, name, { kind, requiresGradient: true });
  }

  override get label(): string {
    return `the parameter "${this.name}"`;
  }

  /** Whether the parameter is frozen: gradients for it are refused, and optimizers leave it alone. */
  override get frozen(): boolean {
    return !this.requiresGradient;
  }

  /** Freezes the parameter until `unfreeze`. To freeze for the length of a function, see `withFrozen`. */
  freeze(): void {
    this.requiresGradient = false;
  }

  /** Makes the parameter trainable again. */
  unfreeze(): void {
    this.requiresGradient = true;
  }
}

/** Has a backend overwrite the values of parameters. Derivatives of losses computed before are refused from then on. */
export function changeInPlace(parameters: readonly Parameter[], write: (...buffers: BackendBuffer[]) => void): void {
  write(...parameters.map((parameter) => parameter.bufferFor("update")));
  for (const parameter of parameters) parameter.storage.version++;
}
