// Kernels of gpu.js, one for each operation and shape, the most recently used kept. Here every call is checked: the
// lengths of what goes in (gpu.js would read its neighbour's memory), the mode it ran in (gpu.js would fall back to
// the cpu with no more than a warning), the number of what comes out.

import { BackendError, ShapeError } from "../../errors.js";
import type { Pending, Values } from "./gpu-buffer.js";
import type { GpuInstance, InnerKernel, KernelClass, KernelShortcut } from "./gpu-js.js";

/** A kernel to be made: function text, threads along x, y and z, and how many values go in and come out. */
export interface KernelDescription {
  readonly source: string;
  readonly output: readonly number[];
  readonly lengths: readonly number[];
  readonly results: number;
}

/** How many kernels, and how many values pinned by them, are kept. The last one used always is. */
export interface CacheLimits {
  readonly kernels: number;
  readonly values: number;
}

interface Entry {
  readonly label: string;
  readonly shortcut: KernelShortcut;
  /** The kernel as it was made. */
  readonly kernel: InnerKernel;
  readonly description: KernelDescription;
  /** Values for which the kernel holds memory. */
  readonly values: number;
  /** Calls that have not answered yet. */
  readonly calls: Set<Promise<unknown>>;
}

/** A kernel in webasm mode holds memory of its own for its operands and its results: 2²⁶ values are 256 MiB. */
const DEFAULT_LIMITS: CacheLimits = { kernels: 128, values: 2 ** 26 };

/** Makes, calls, keeps and destroys the kernels of one instance of gpu.js. */
export class KernelCache {
  readonly #where: string;
  readonly #gpu: GpuInstance;
  readonly #kernelClass: KernelClass;
  readonly #limits: CacheLimits;
  /** In the order in which they were last used. */
  readonly #entries = new Map<string, Entry>();
  /** What was called and has not answered, of kernels kept or not. */
  readonly #calls = new Set<Promise<unknown>>();
  #values = 0;

  constructor(where: string, gpu: GpuInstance, kernelClass: KernelClass, limits: CacheLimits = DEFAULT_LIMITS) {
    this.#where = where;
    this.#gpu = gpu;
    this.#kernelClass = kernelClass;
    this.#limits = limits;
  }

  /** How many kernels are kept. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Calls the kernel of that name, made by `describe` where it is not kept. The results are flat, in the order of the
   * threads (x fastest) and new with each call.
   *
   * @throws ShapeError for operands of other lengths than the kernel's; BackendError where gpu.js fails or falls back
   */
  run(label: string, inputs: readonly Values[], describe: () => KernelDescription): Pending<Values> {
    const kept = this.#take(label);
    const description = kept?.description ?? describe();
    const { lengths, results } = description;
    if (inputs.length !== lengths.length || inputs.some((input, i) => input.length !== lengths[i])) {
      const given = inputs.map((input) => input.length).join(" and ");
      throw new ShapeError(this.#where, `the kernel of ${label} takes ${lengths.join(" and ")} values, got ${given}`);
    }
    const entry = kept ?? this.#make(label, description);
    const answer = this.#call(entry, inputs);
    return answer instanceof Promise ? this.#follow(entry, answer) : flatten(this.#where, label, answer, results);
  }

  /** Destroys the instance of gpu.js with its kernels and its context, once what is at work has answered. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#calls);
    this.#entries.clear();
    this.#values = 0;
    // gpu.js destroys the context with the first of the kernels in its list, so they are left to it
    await this.#gpu.destroy();
  }

  /** A kernel that is kept, now the last one used. */
  #take(label: string): Entry | undefined {
    const entry = this.#entries.get(label);
    if (entry) {
      this.#entries.delete(label);
      this.#entries.set(label, entry);
    }
    return entry;
  }

  #make(label: string, description: KernelDescription): Entry {
    const values = description.lengths.reduce((total, length) => total + length, description.results);
    this.#makeRoom(values);
    const settings = {
      output: description.output,
      argumentTypes: description.lengths.map(() => "Array" as const),
      precision: "single",
    } as const;
    const shortcut = this.#try(label, () => this.#gpu.createKernel(description.source, settings));
    const { kernel } = shortcut;
    // it makes a view for each row, or even for each thread, of what we want flat
    if (kernel._shapeOutput) kernel._shapeOutput = (data) => data;
    const entry: Entry = { label, shortcut, kernel, description, values, calls: new Set() };
    this.#entries.set(label, entry);
    this.#values += values;
    return entry;
  }

  /** Drops what was not used for longest until one more kernel, with so many values, can be kept. */
  #makeRoom(values: number): void {
    for (const entry of this.#entries.values()) {
      if (this.#entries.size < this.#limits.kernels && this.#values + values <= this.#limits.values) return;
      this.#drop(entry);
    }
  }

  /** Forgets a kernel, and destroys it once it has answered: webgpu gives up a call whose kernel is destroyed. */
  #drop(entry: Entry): void {
    if (this.#entries.get(entry.label) !== entry) return;
    this.#entries.delete(entry.label);
    this.#values -= entry.values;
    if (entry.calls.size === 0) this.#destroy(entry);
    else void Promise.allSettled(entry.calls).then(() => this.#destroy(entry));
  }

  #destroy({ shortcut, kernel }: Entry): void {
    shortcut.destroy();
    // in cpu mode, and after falling back to it, gpu.js keeps a destroyed kernel in its list
    const place = this.#gpu.kernels.indexOf(kernel);
    if (place >= 0) this.#gpu.kernels.splice(place, 1);
  }

  #call(entry: Entry, inputs: readonly Values[]): unknown {
    try {
      const answer = this.#try(entry.label, () => entry.shortcut(...inputs));
      this.#checkMode(entry);
      return answer;
    } catch (error) {
      this.#drop(entry);
      throw error;
    }
  }

  /** Refuses a kernel that left our mode. By its class: in the GL modes the mode's name is "gpu", whichever it is. */
  #checkMode({ label, shortcut }: Entry): void {
    const kernelClass = shortcut.kernel.constructor;
    if (kernelClass === this.#kernelClass) return;
    const { mode } = kernelClass as Partial<KernelClass>;
    throw new BackendError(this.#where, `gpu.js left this mode for its mode ${mode} in ${label}`);
  }

  /** The answer of a kernel that works while we go on. */
  #follow(entry: Entry, answer: Promise<unknown>): Promise<Values> {
    const { label, description } = entry;
    const call = answer.then(
      (results) => flatten(this.#where, label, results, description.results),
      (cause: unknown) => {
        // after the loss of its device a kernel fails until it is made again
        this.#drop(entry);
        throw this.#failure(label, cause);
      },
    );
    for (const calls of [entry.calls, this.#calls]) {
      calls.add(call);
      const forget = () => calls.delete(call);
      call.then(forget, forget);
    }
    return call;
  }

  #try<T>(label: string, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw this.#failure(label, cause);
    }
  }

  #failure(label: string, cause: unknown): BackendError {
    const message = cause instanceof Error ? cause.message : String(cause);
    return new BackendError(this.#where, `gpu.js failed in ${label}: ${message}`, { cause });
  }
}

/** What a kernel returned as one flat array: it may be flat, rows, layers of rows, or rows of small arrays. */
function flatten(where: string, label: string, answer: unknown, size: number): Values {
  const flat = answer instanceof Float32Array ? answer : new Float32Array(size);
  const written = answer instanceof Float32Array ? answer.length : write(answer, flat, 0);
  if (written !== size) throw new BackendError(where, `${label} returned ${written} values, not ${size}`);
  return flat;
}

/** Writes nested arrays of numbers one after the other, from `at` on, and returns where they end. */
function write(nested: unknown, flat: Float32Array, at: number): number {
  if (nested instanceof Float32Array) {
    // four values of a thread as often as rows of hundreds
    if (nested.length > 16 && at + nested.length <= flat.length) flat.set(nested, at);
    else for (let i = 0; i < nested.length; i++) flat[at + i] = nested[i] as number;
    return at + nested.length;
  }
  let end = at;
  if (Array.isArray(nested)) for (const part of nested as readonly unknown[]) end = write(part, flat, end);
  return end;
}
