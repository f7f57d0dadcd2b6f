// What all optimizers share: which parameters they own, what they refuse, and how a step is made.

import { detach, findGradients, noGradient, withRecording } from "../autodiff.js";
import { withBackend } from "../backends/current.js";
import { ArgumentError, FrozenError, NonFiniteError, ShapeError, StateError } from "../errors.js";
import { findNonFiniteSync } from "../nn/find-non-finite.js";
import { checkState, copyState, loadState, type StateDict } from "../nn/module.js";
import { Parameter } from "../nn/parameter.js";
import { apart } from "../nn/running.js";
import { tensor, zerosLike } from "../ops/creation.js";
import { scope } from "../scope.js";
import { formatShape, type Shape, sameShape } from "../shape.js";
import { refusePromise } from "../synchronous.js";
import { Tensor } from "../tensor.js";

/** What a function to minimize returns: the loss, or the loss with other tensors that are wanted outside. */
export type LossResult = Tensor | { readonly loss: Tensor; readonly [name: string]: Tensor };

/** Options of `minimize`. */
export interface MinimizeOptions {
  /** Leaves parameters alone that do not influence the loss, where an error is the default. */
  readonly allowUnused?: boolean;
  /**
   * What to do about a loss that is infinite or not a number. `"ignore"` (the default) does not look at it. `"stop"`
   * throws a NonFiniteError before anything is changed, with the op and the layer that it came from, for which the
   * function is called once more. `"skip"` changes nothing, neither parameters nor what the optimizer remembers (its
   * counts of steps included), and returns the loss as it is. Both read every loss, and need a synchronous backend.
   */
  readonly onNonFinite?: "stop" | "skip" | "ignore";
}

/** What an optimizer remembers of one parameter: named tensors of its shape, and how often it was updated. */
interface ParameterState {
  readonly slots: ReadonlyMap<string, Parameter>;
  step: number;
}

/** The base of all optimizers. Owns exactly the parameters it was given, and never touches another. */
export abstract class Optimizer {
  readonly parameters: readonly Parameter[];
  readonly #states = new Map<Parameter, ParameterState>();

  /**
   * @param parameters what is trained: `model.parameters()`
   * @param slotNames what is remembered of each
   * @throws ArgumentError for no parameters, one given twice, or something else than a Parameter
   */
  constructor(parameters: Iterable<Parameter>, slotNames: readonly string[]) {
    if (typeof parameters?.[Symbol.iterator] !== "function") throw notParameters();
    this.parameters = [...parameters];
    if (this.parameters.length === 0) throw new ArgumentError("Optimizer", "needs at least one parameter, got none");
    for (const parameter of this.parameters) {
      if (!(parameter instanceof Parameter)) throw notParameters();
      if (this.#states.has(parameter)) throw new ArgumentError("Optimizer", `${parameter.label} is given twice`);
      const slots = new Map(slotNames.map((name) => [name, new Parameter(zerosLike(parameter), name)]));
      this.#states.set(parameter, { slots, step: 0 });
    }
  }

  /**
   * Computes the loss, its gradients for the parameters that are not frozen, and updates those. All memory of the step
   * is given back, except what `fn` returns.
   *
   * @param fn returns the loss, of one element, or an object of tensors of which `loss` is one
   * @returns what `fn` returned, cut from the graph
   * @throws FrozenError where all parameters are frozen; GradientError where one that is not frozen does not influence
   *   the loss (see `allowUnused`); NonFiniteError (see `onNonFinite`). Nothing is updated then.
   */
  minimize<Result extends LossResult>(fn: () => Result, options: MinimizeOptions = {}): Result {
    const { allowUnused = false, onNonFinite = "ignore" } = options;
    const trainable = this.parameters.filter((parameter) => !parameter.frozen);
    if (trainable.length === 0) {
      const names = this.parameters.map((parameter) => parameter.name).join(", ");
      throw new FrozenError("minimize", `all parameters of this optimizer are frozen: ${names}`);
    }
    return step(() => {
      const result = withRecording(true, () => refusePromise("minimize", fn()));
      const loss = lossOf(result);
      if (onNonFinite !== "ignore" && loss instanceof Tensor && loss.size === 1 && !Number.isFinite(loss.itemSync())) {
        if (onNonFinite === "stop") throw nonFiniteLoss(loss.itemSync(), fn);
        return detached(result);
      }
      noGradient(() => {
        const found = findGradients(loss, trainable, { allowUnused });
        trainable.forEach((parameter, i) => {
          const gradient = found[i];
          if (gradient) this.#apply(parameter, gradient);
        });
      });
      return detached(result);
    });
  }

  /**
   * Updates parameters by gradients that were computed elsewhere.
   *
   * @param gradients a gradient for each parameter that is to be updated
   * @throws FrozenError for a frozen parameter; ArgumentError for one that this optimizer does not own; ShapeError for a
   *   gradient of another shape. Nothing is updated then.
   */
  applyGradients(gradients: ReadonlyMap<Parameter, Tensor>): void {
    for (const [parameter, gradient] of gradients) {
      if (!this.#states.has(parameter)) {
        throw new ArgumentError("applyGradients", `${parameter.label} does not belong to this optimizer`);
      }
      if (parameter.frozen) throw new FrozenError("applyGradients", `${parameter.label} is frozen`);
      if (!sameShape(parameter.shape, gradient.shape)) {
        const shapes = `${formatShape(parameter.shape)}, its gradient ${formatShape(gradient.shape)}`;
        throw new ShapeError("applyGradients", `${parameter.label} is ${shapes}`);
      }
      gradient.bufferFor("applyGradients");
    }
    step(() => {
      noGradient(() => {
        for (const [parameter, gradient] of gradients) this.#apply(parameter, gradient);
      });
    });
  }

  /**
   * A copy of all that the optimizer remembers: `0.step`, `0.<slot>`, …, by the place of the parameter. Steps are
   * exact up to 2²⁴ where the parameters are float32.
   */
  stateDict(): StateDict {
    const state = new Map(copyState(this.#namedSlots()));
    this.parameters.forEach((parameter, i) => {
      const step = withBackend(parameter.backend, () =>
        tensor(this.#stateOf(parameter).step, { dtype: parameter.dtype }),
      );
      step.storage.adopt(undefined);
      state.set(`${i}.step`, step);
    });
    return state;
  }

  /**
   * Goes on from a state that `stateDict` gave. On a synchronous backend all is done when the call returns; on others
   * the counts of steps have to be read first.
   *
   * @throws StateError (as a rejection) that lists every missing, unexpected and misshapen entry; BackendError for slots
   *   of another backend that answers asynchronously. Nothing was changed then.
   */
  async loadStateDict(state: StateDict): Promise<void> {
    const slots = this.#namedSlots();
    checkState("the optimizer", this.stateShapes(), state);
    const counts = this.parameters.map((_, i) => state.get(`${i}.step`) as Tensor);
    const synchronous = counts.every(({ backend }) => backend.synchronous);
    // no await where none is needed, so that a caller who does not wait either finds it done
    const steps = synchronous
      ? counts.map((count) => count.itemSync())
      : await Promise.all(counts.map((count) => count.item()));
    const wrong = steps.findIndex((step) => !isStepCount(step));
    if (wrong >= 0)
      throw new StateError("loadStateDict", `${wrong}.step must be a whole number ≥ 0, got ${steps[wrong]}`);
    loadState("the optimizer", slots, new Map([...state].filter(([name]) => slots.has(name))));
    this.parameters.forEach((parameter, i) => {
      this.#stateOf(parameter).step = steps[i] as number;
    });
  }

  /** @internal What `loadStateDict` takes: every name, with its shape. */
  stateShapes(): Map<string, Shape> {
    const shapes = new Map<string, Shape>([...this.#namedSlots()].map(([name, { shape }]) => [name, shape]));
    for (const i of this.parameters.keys()) shapes.set(`${i}.step`, []);
    return shapes;
  }

  /**
   * Gives a parameter its new value. To be written by each optimizer.
   *
   * @param step how often the parameter was updated, this update included: 1 the first time
   * @param slots what is remembered of the parameter; to be changed by `assign`, like the parameter itself
   */
  protected abstract update(parameter: Parameter, gradient: Tensor, step: number, slots: Slots): void;

  #apply(parameter: Parameter, gradient: Tensor): void {
    const state = this.#stateOf(parameter);
    state.step++;
    this.update(parameter, gradient, state.step, (name) => state.slots.get(name) as Parameter);
  }

  #stateOf(parameter: Parameter): ParameterState {
    return this.#states.get(parameter) as ParameterState;
  }

  #namedSlots(): Map<string, Parameter> {
    const named = new Map<string, Parameter>();
    this.parameters.forEach((parameter, i) => {
      for (const [name, slot] of this.#stateOf(parameter).slots) named.set(`${i}.${name}`, slot);
    });
    return named;
  }
}

/** Finds what an optimizer remembers of a parameter, by name. */
export type Slots = (name: string) => Parameter;

/** A step is no part of a module in whose `forward` it may be made. */
function step<T>(fn: () => T): T {
  return apart(() => scope(fn));
}

function notParameters(): ArgumentError {
  return new ArgumentError("Optimizer", "takes Parameters: pass model.parameters(), not a model or tensors");
}

function lossOf(result: LossResult): Tensor {
  return result instanceof Tensor ? result : result?.loss;
}

/** What is thrown for a loss: with where it came from, or that it did not come again. */
function nonFiniteLoss(value: number, fn: () => LossResult): NonFiniteError {
  const origin = withRecording(true, () => findNonFiniteSync(() => lossOf(fn())));
  const why = origin?.description ?? "it was finite when the function was called again";
  return new NonFiniteError("minimize", `the loss is ${value}: ${why}`);
}

function detached<Result extends LossResult>(result: Result): Result {
  if (result instanceof Tensor) return detach(result) as Result;
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, detach(value)])) as Result;
}

/** Whether a number says how often a parameter was updated. */
export function isStepCount(value: number | undefined): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Throws unless an option is a number in a range. */
export function checkOption(where: string, name: string, value: number, low: number, high: number): void {
  if (value >= low && value < high) return;
  throw new ArgumentError(where, `${name} must be a number in [${low}, ${high}), got ${value}`);
}
