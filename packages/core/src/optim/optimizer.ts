// What all optimizers share: which parameters they own, what they refuse, and how a step is made.

import { detach, findGradients, noGradient, withRecording } from "../autodiff.js";
import { ArgumentError, FrozenError, NonFiniteError, ShapeError, StateError } from "../errors.js";
import { findNonFiniteSync } from "../nn/find-non-finite.js";
import { checkState, copyState, prepareState, type StateDict } from "../nn/module.js";
import { Parameter } from "../nn/parameter.js";
import { apart } from "../nn/running.js";
import { zerosLike } from "../ops/creation.js";
import { flag, oneOf, optionsOf, readOptions } from "../options.js";
import { scope } from "../scope.js";
import { settingsOf } from "../settings.js";
import { formatShape, type Shape, sameShape } from "../shape.js";
import { refusePromise } from "../synchronous.js";
import { Tensor } from "../tensor.js";
import {
  decodeDouble,
  encodeDouble,
  readNumbers,
  SETTING_SHAPE,
  settingProblem,
  stateTensor,
  stepProblem,
} from "./optimizer-state.js";

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

const MINIMIZE = optionsOf<MinimizeOptions>({ allowUnused: flag, onNonFinite: oneOf("stop", "skip", "ignore") });

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
      const slots = new Map(
        slotNames.map((name) => [name, new Parameter(zerosLike(parameter), name, "optimizer state")]),
      );
      this.#states.set(parameter, { slots, step: 0 });
    }
  }

  /** What the optimizer is, in a line: its kind, its learning rate, what it trains and how often it did. */
  toString(): string {
    const frozen = this.parameters.filter((parameter) => parameter.frozen).length;
    const numbers = this.parameters.reduce((sum, { size }) => sum + size, 0).toLocaleString("en-US");
    const rate = "learningRate" in this ? `learningRate ${this.learningRate}, ` : "";
    const steps = Math.max(...[...this.#states.values()].map(({ step }) => step));
    const trained = `${this.parameters.length} parameters of ${numbers} numbers${frozen > 0 ? `, ${frozen} frozen` : ""}`;
    return `${this.kind}: ${rate}${trained}, ${steps} step${steps === 1 ? "" : "s"}`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** What printing calls the optimizer. Named, not read from the class: minifiers rename classes. */
  get kind(): string {
    return "Optimizer";
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
    const { allowUnused = false, onNonFinite = "ignore" } = readOptions("minimize", options, MINIMIZE);
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
   * A copy of all that the optimizer remembers: `0.step`, `0.<slot>`, …, by the place of the parameter, and its settings
   * that are numbers, `learningRate` and others, which a schedule may have changed. Steps are exact up to 2²⁴ where the
   * parameters are float32. Settings are exact everywhere: each is the 64 bits of its number, as four numbers of 16 bits.
   */
  stateDict(): StateDict {
    const state = new Map(copyState(this.#namedSlots()));
    this.parameters.forEach((parameter, i) => {
      state.set(`${i}.step`, stateTensor(parameter, this.#stateOf(parameter).step));
    });
    const [first] = this.parameters as readonly [Parameter];
    for (const [name, value] of this.#settings()) state.set(name, stateTensor(first, encodeDouble(value)));
    return state;
  }

  /**
   * Goes on from a state that `stateDict` gave, settings included: set `learningRate` afterwards for another one. A state
   * of an earlier version has no settings; those that it lacks stay as they are. On a synchronous backend all is done when
   * the call returns; on others some numbers have to be read first.
   *
   * @throws StateError (as a rejection) that lists every missing, unexpected, misshapen and worthless entry; BackendError
   *   for slots of another backend that answers asynchronously. Nothing was changed then.
   */
  async loadStateDict(state: StateDict): Promise<void> {
    const { slots, steps, settings } = this.stateShapes();
    const present = [...settings].filter(([name]) => state.has(name));
    checkState("the optimizer", new Map([...slots, ...steps, ...present]), state);
    const reading = readNumbers(new Map([...state].filter(([name]) => !slots.has(name))));
    // no await where none is needed, so that a caller who does not wait either finds it done
    const numbers = reading instanceof Promise ? await reading : reading;
    const problems = this.stateProblems(numbers);
    if (problems.length > 0) throw new StateError("loadStateDict", problems.join("; "));
    scope(() => this.prepareState(state, numbers)());
  }

  /** @internal What `loadStateDict` takes, with the shapes: slots and steps there must be, settings there may be. */
  stateShapes(): Record<"slots" | "steps" | "settings", Map<string, Shape>> {
    return {
      slots: new Map([...this.#namedSlots()].map(([name, { shape }]) => [name, shape])),
      steps: new Map(this.parameters.map((_, i) => [`${i}.step`, []])),
      settings: new Map([...this.#settings().keys()].map((name) => [name, SETTING_SHAPE])),
    };
  }

  /** @internal What is wrong with the counts of steps and the settings of a state of the right names and shapes. */
  stateProblems(numbers: ReadonlyMap<string, ArrayLike<number>>): string[] {
    const rules = settingsOf(this);
    const problems = [...numbers].map(([name, values]) => {
      const rule = rules.get(name);
      return rule ? settingProblem(name, values, rule, this) : stepProblem(name, values);
    });
    return problems.filter((problem) => problem !== undefined);
  }

  /**
   * @internal Does all that can fail, in the scope that is open, and returns what then changes the optimizer.
   *
   * @param numbers the values of the counts and settings, found to be right
   */
  prepareState(state: StateDict, numbers: ReadonlyMap<string, ArrayLike<number>>): () => void {
    const slots = this.#namedSlots();
    const assign = prepareState("the optimizer", slots, new Map([...state].filter(([name]) => slots.has(name))));
    return () => {
      assign();
      this.parameters.forEach((parameter, i) => {
        this.#stateOf(parameter).step = numbers.get(`${i}.step`)?.[0] as number;
      });
      for (const name of this.#settings().keys()) {
        const words = numbers.get(name);
        if (words) Object.assign(this, { [name]: decodeDouble(words) });
      }
    };
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

  /** The settings that are numbers. */
  #settings(): Map<string, number> {
    const values = [...settingsOf(this).keys()].map((name) => [name, Reflect.get(this, name) as unknown] as const);
    return new Map(values.filter((entry): entry is [string, number] => typeof entry[1] === "number"));
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
