// All values of one gpu backend: makes them, has them computed, reads them, and counts what lies on the device.

import { AdjointError, BackendError } from "../../errors.js";
import { type Expression, type Extent, extentOf } from "./expression.js";
import type { Handle, Pending, Values } from "./handle.js";
import { LaunchQueue } from "./launch-queue.js";
import { elementwiseProgram, type Program } from "./program.js";
import type { Runtime } from "./runtime.js";
import { StoredValue } from "./stored-value.js";

/** What a backend has on its device. */
export interface MemoryUse {
  /** Handles that were made and not given back. */
  readonly handles: number;
  /** Values in them. */
  readonly values: number;
}

/** A kernel, and what has to be done to arrays of the host before and after it. */
export interface KernelLaunch extends Program {
  readonly prepare?: (handles: readonly Handle[]) => readonly Handle[];
  readonly arrange?: (result: Handle) => Handle;
  readonly run?: undefined;
}

/** Work on the device that is no kernel of the cache. What it gives is a handle of its own. */
export interface OwnLaunch {
  readonly inputs: readonly StoredValue[];
  readonly run: (handles: readonly Handle[]) => Pending<Handle>;
}

/** What computes a value. */
export type Launch = KernelLaunch | OwnLaunch;

/** The values of one backend. */
export class ValueStore {
  readonly #runtime: Runtime;
  readonly #queue: LaunchQueue;
  readonly #onLost: () => void;
  /** Updates the count when the collector frees a host array, which no caller releases. */
  readonly #collected: FinalizationRegistry<number> | undefined;
  #handles = 0;
  #values = 0;
  #launches = 0;

  /** @param onLost called when the device is found to be gone */
  constructor(runtime: Runtime, onLost: () => void) {
    this.#runtime = runtime;
    this.#onLost = onLost;
    this.#queue = new LaunchQueue(runtime.device.synchronous);
    if (runtime.device.onHost) this.#collected = new FinalizationRegistry((size) => this.#count(-1, size));
  }

  /** What lies on the device now. */
  get use(): MemoryUse {
    return { handles: this.#handles, values: this.#values };
  }

  /** How many kernels were launched. */
  get launches(): number {
    return this.#launches;
  }

  /** `size` times the same number. */
  constant(size: number, number: number): StoredValue {
    return new StoredValue(size, { kind: "constant", number });
  }

  /** Values of the host. They are copied. */
  upload(values: Values): StoredValue {
    if (values.length === 0) return this.constant(0, 0);
    return this.#store(values.length, this.#runtime.device.upload(values));
  }

  /** What a graph gives for each of `size` elements. Nothing is computed until somebody needs it. */
  expression(size: number, root: Expression): StoredValue {
    const extent = extentOf(root);
    for (const value of extent.values) this.hold(value);
    return new StoredValue(size, { kind: "expression", root, extent, uses: 0 });
  }

  /** One more that holds the value. Returns it. */
  hold(value: StoredValue): StoredValue {
    value.holders++;
    return value;
  }

  /** One less that holds it. */
  drop(value: StoredValue): void {
    value.holders--;
    if (value.holders > 0) return;
    const { content } = value;
    value.content = { kind: "released" };
    if (content.kind === "expression") this.#dropAll(content.extent);
    if (content.kind === "handle") this.#release(value.size, content.handle);
  }

  /** Sees to it that a value is on the device, or will be: what is read by a kernel has to be. Returns it. */
  evaluate(value: StoredValue): StoredValue {
    const { content } = value;
    if (content.kind === "constant" && value.size > 0) this.#fill(value, content.number);
    if (content.kind !== "expression") return value;
    const { root, extent } = content;
    try {
      const program = elementwiseProgram(this.#runtime.dialect, root, value.size, extent.maps);
      if (!program) throw new BackendError(this.#runtime.name, `${value.size} values in this order are too many here`);
      return this.launch(program, value);
    } finally {
      this.#dropAll(extent);
    }
  }

  /** Has a program compute a value: a new one of `size`, or one that was to be computed. */
  launch(launch: Launch, target: StoredValue | number): StoredValue {
    const value = typeof target === "number" ? new StoredValue(target, { kind: "pending" }) : target;
    value.content = { kind: "pending" };
    this.#launches++;
    const { inputs } = launch;
    for (const input of inputs) this.hold(input);
    this.#queue.submit(() => this.#run(launch, value));
    return value;
  }

  /** The values, once they are there. */
  read(value: StoredValue): Promise<Values> {
    if (value.content.kind === "constant") return Promise.resolve(this.#filled(value.size, value.content.number));
    this.hold(this.evaluate(value));
    return new Promise<Values>((resolve, reject) => {
      this.#queue.submit(() => {
        const reading = this.#attempt(() => this.#runtime.device.read(this.#handleOf(value), value.size));
        // not waited for: what comes after may run while the values are on their way
        void reading.then(resolve, reject).finally(() => this.drop(value));
      });
    });
  }

  /** The values of a device that answers at once. */
  readNow(value: StoredValue): Values {
    if (value.content.kind === "constant") return this.#filled(value.size, value.content.number);
    try {
      return this.#runtime.device.read(this.#handleOf(this.evaluate(value)), value.size) as Values;
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** Resolves when all that was called is done. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  #run(launch: Launch, value: StoredValue): Pending<void> {
    const { inputs } = launch;
    const settle = (handle: Handle): void => {
      this.#settle(value, handle);
      for (const input of inputs) this.drop(input);
    };
    const fail = (error: unknown): void => {
      value.content = { kind: "failed", error: this.#told(error) };
      for (const input of inputs) this.drop(input);
    };
    try {
      const result = this.#start(launch);
      if (result instanceof Promise) return result.then(settle, fail);
      settle(result);
    } catch (error) {
      fail(error);
      if (this.#runtime.device.synchronous) throw this.#told(error);
    }
  }

  #start(launch: Launch): Pending<Handle> {
    const handles = launch.inputs.map((input) => this.#handleOf(input));
    if (launch.run) return launch.run(handles);
    const { prepare, arrange } = launch;
    const result = this.#runtime.kernels.run({ ...launch, handles: prepare ? prepare(handles) : handles });
    if (!arrange) return result;
    return result instanceof Promise ? result.then(arrange) : arrange(result);
  }

  #settle(value: StoredValue, handle: Handle): void {
    this.#count(1, value.size);
    this.#collected?.register(handle, value.size, handle);
    if (value.holders > 0) value.content = { kind: "handle", handle };
    else this.#release(value.size, handle);
  }

  #store(size: number, handle: Handle): StoredValue {
    this.#count(1, size);
    this.#collected?.register(handle, size, handle);
    return new StoredValue(size, { kind: "handle", handle });
  }

  /** A number as values: by a kernel where they are many, so that they are not sent over. */
  #fill(value: StoredValue, number: number): void {
    if (this.#runtime.device.onHost || value.size <= SMALL) {
      const { device } = this.#runtime;
      this.#settle(value, device.upload(this.#filled(value.size, number)));
      return;
    }
    const program = elementwiseProgram(this.#runtime.dialect, { kind: "scalar", value: number }, value.size, []);
    if (program) this.launch(program, value);
  }

  #filled(size: number, number: number): Values {
    return new Float32Array(size).fill(number);
  }

  #release(size: number, handle: Handle): void {
    this.#count(-1, size);
    this.#collected?.unregister(handle);
    this.#runtime.device.release(handle);
  }

  #count(handles: 1 | -1, size: number): void {
    this.#handles += handles;
    this.#values += handles * size;
  }

  #dropAll({ values }: Extent): void {
    for (const value of values) this.drop(value);
  }

  #handleOf({ content }: StoredValue): Handle {
    if (content.kind === "handle") return content.handle;
    if (content.kind === "failed") throw content.error;
    throw new BackendError(this.#runtime.name, `a value was ${content.kind} where it was needed`);
  }

  async #attempt<T>(work: () => Pending<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** What a caller is told: where the device is gone, that and what to do. */
  #told(error: unknown): unknown {
    const { device, name } = this.#runtime;
    if (!device.isLost()) return error instanceof AdjointError ? error : failure(name, error);
    this.#onLost();
    return new BackendError(name, LOST, { cause: error });
  }
}

/** Of a backend whose device is gone. */
export const LOST = "the device was lost, with all values on it; call useBackend again and make them anew";

/** Below this, a number is sent over as values. */
const SMALL = 4096;

function failure(name: string, cause: unknown): BackendError {
  return new BackendError(name, cause instanceof Error ? cause.message : String(cause), { cause });
}
