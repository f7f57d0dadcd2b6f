// Adam's update as kernels: see the contract for its formula. On a device, where a launch costs more than an index that
// is divided, both means lie in one value, m before v, and are updated by one kernel.

import type { AdamValues } from "../backend.js";
import type { Device } from "./device.js";
import type { Expression, FunctionName } from "./expression.js";
import { indexMap } from "./index-map.js";
import type { StoredValue } from "./stored-value.js";
import type { ValueStore } from "./value-store.js";

/** What an update reads. */
export interface AdamInputs {
  readonly parameter: StoredValue;
  readonly gradient: StoredValue;
  readonly m: StoredValue;
  readonly v: StoredValue;
}

/** The new values. */
export type AdamResults = Pick<AdamInputs, "parameter" | "m" | "v">;

/** Updates parameters of one backend. */
export class AdamUpdates {
  readonly #store: ValueStore;
  readonly #device: Device;
  /** [0, 1]: which of the two means is which. */
  #places: StoredValue | undefined;

  constructor(store: ValueStore, device: Device) {
    this.#store = store;
    this.#device = device;
  }

  /** One update. All four values are of one size, which is not 0. */
  update(inputs: AdamInputs, values: AdamValues): AdamResults {
    const { m, v } = this.#device.onHost ? this.#meansApart(inputs, values) : this.#meansTogether(inputs, values);
    const { rate, correction, epsilon } = values;
    const root = apply("sqrt", rootOf(v));
    const scaled = correction === 0 ? root : apply("div", root, scalar(correction));
    const step = apply("div", apply("mul", rootOf(m), scalar(rate)), apply("add", scaled, scalar(epsilon)));
    const { size } = inputs.parameter;
    const updated = this.#store.expression(size, apply("sub", this.#load(inputs.parameter), step));
    return { m, v, parameter: this.#store.evaluate(updated) };
  }

  /** Each mean by a kernel. */
  #meansApart({ gradient, m, v }: AdamInputs, { beta1, beta2 }: AdamValues): Pick<AdamResults, "m" | "v"> {
    const g = this.#load(gradient);
    const mean = (before: StoredValue, news: Expression, beta: number): StoredValue => {
      const kept = apply("mul", this.#load(before), scalar(beta));
      const root = apply("add", kept, apply("mul", news, scalar(1 - beta)));
      return this.#store.evaluate(this.#store.expression(before.size, root));
    };
    return { m: mean(m, g, beta1), v: mean(v, apply("square", g), beta2) };
  }

  /** Both means by one kernel: element t is of m where t < size, and else of v. */
  #meansTogether({ gradient, m, v }: AdamInputs, { beta1, beta2 }: AdamValues): Pick<AdamResults, "m" | "v"> {
    const { size } = gradient;
    this.#places ??= this.#store.upload(Float32Array.of(0, 1));
    const second: Expression = { kind: "load", value: this.#places, map: indexMap([2, size], [1, 0]) };
    const twice = (value: StoredValue): Expression => ({ ...this.#load(value), map: indexMap([2, size], [0, 1]) });
    const g = twice(gradient);
    const together = packedIn(m, v);
    const before: Expression = together
      ? { kind: "load", value: together, map: indexMap([2 * size], [1]) }
      : apply("select", second, twice(v), twice(m));
    const kept = apply("mul", before, apply("select", second, scalar(beta2), scalar(beta1)));
    const share = apply("select", second, scalar(1 - beta2), scalar(1 - beta1));
    const news = apply("mul", apply("select", second, apply("square", g), g), share);
    const packed = this.#store.evaluate(this.#store.expression(2 * size, apply("add", kept, news)));
    const half = (start: number): StoredValue =>
      this.#store.expression(size, { kind: "load", value: packed, map: indexMap([size], [1], start) });
    const halves = { m: half(0), v: half(size) };
    this.#store.drop(packed);
    return halves;
  }

  #load(value: StoredValue): Expression & { kind: "load" } {
    return { kind: "load", value: this.#store.evaluate(value), map: indexMap([value.size], [1]) };
  }
}

/** The value that has m in its first half and v in its second, if there is one. */
function packedIn(m: StoredValue, v: StoredValue): StoredValue | undefined {
  const [first, second] = [rootOf(m), rootOf(v)];
  if (first.kind !== "load" || second.kind !== "load" || first.value !== second.value) return undefined;
  const fits = first.map.offset === 0 && second.map.offset === m.size && first.value.size === 2 * m.size;
  return fits ? first.value : undefined;
}

/** A value as a kernel of its size reads it. */
function rootOf(value: StoredValue): Expression {
  if (value.content.kind === "expression") return value.content.root;
  return { kind: "load", value, map: indexMap([value.size], [1]) };
}

function apply(name: FunctionName, ...inputs: readonly Expression[]): Expression {
  return { kind: "apply", name, inputs };
}

function scalar(value: number): Expression {
  return { kind: "scalar", value };
}
