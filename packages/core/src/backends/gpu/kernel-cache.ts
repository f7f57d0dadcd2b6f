// Kernels of gpu.js, one for each operation and shape, the most recently used kept. Here every call is checked: how many
// handles go in, and of what length where that shows (gpu.js would read its neighbour's memory), the mode it ran in
// (gpu.js would fall back to the cpu with no more than a warning), the number of what comes out. Where kernels answer
// later, the next is called when the one before has answered.

import { BackendError, ShapeError } from "../../errors.js";
import type { Device } from "./device.js";
import type { GpuInstance, InnerKernel, KernelClass, KernelShortcut } from "./gpu-js.js";
import type { Handle, Pending } from "./handle.js";

/** A kernel to be made: function text, threads along x, y and z, and how many values go in and come out. */
export interface KernelDescription {
  readonly source: string;
  readonly output: readonly number[];
  /** Values in each of the handles that it takes. */
  readonly lengths: readonly number[];
  /** Numbers that it takes after them; none by default. */
  readonly numbers?: number;
  readonly results: number;
  /** Changes the kernel before its first call: its program, for one that gpu.js does not translate. */
  readonly customize?: (kernel: InnerKernel) => void;
}

/** A call of a kernel. */
export interface KernelCall {
  /** What tells the kernel from all others. */
  readonly label: string;
  readonly handles: readonly Handle[];
  readonly numbers?: readonly number[];
  readonly describe: () => KernelDescription;
}

/** What a cache works with. */
export interface KernelHost {
  /** As errors name it. */
  readonly where: string;
  readonly gpu: GpuInstance;
  readonly kernelClass: KernelClass;
  readonly device: Device;
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
}

/** A kernel in webasm mode holds memory of its own for its operands and its results: 2²⁶ values are 256 MiB. */
const DEFAULT_LIMITS: CacheLimits = { kernels: 256, values: 2 ** 26 };

/** Makes, calls, keeps and destroys the kernels of one instance of gpu.js. */
export class KernelCache {
  readonly #where: string;
  readonly #gpu: GpuInstance;
  readonly #kernelClass: KernelClass;
  readonly #device: Device;
  readonly #limits: CacheLimits;
  /** In the order in which they were last used. */
  readonly #entries = new Map<string, Entry>();
  #values = 0;

  constructor({ where, gpu, kernelClass, device }: KernelHost, limits: CacheLimits = DEFAULT_LIMITS) {
    this.#where = where;
    this.#gpu = gpu;
    this.#kernelClass = kernelClass;
    this.#device = device;
    this.#limits = limits;
  }

  /** How many kernels are kept. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Calls the kernel of that name, made by `describe` where it is not kept. The results are in the order of the threads
   * (x fastest), and new with each call.
   *
   * @throws ShapeError for arrays of other lengths than the kernel's; BackendError where gpu.js fails or falls back
   */
  run({ label, handles, numbers = [], describe }: KernelCall): Pending<Handle> {
    const kept = this.#take(label);
    const description = kept?.description ?? describe();
    this.#checkLengths(label, handles, description);
    const entry = kept ?? this.#make(label, description);
    const answer = this.#call(entry, [...handles, ...numbers]);
    if (answer instanceof Promise) return this.#follow(entry, answer);
    return this.#try(label, () => this.#device.adopt(answer, description.results));
  }

  /** Destroys the instance of gpu.js with its kernels and its context. To be called when all calls have answered. */
  async close(): Promise<void> {
    this.#entries.clear();
    this.#values = 0;
    // gpu.js destroys the context with the first of the kernels in its list, so they are left to it
    await this.#gpu.destroy();
  }

  #checkLengths(label: string, handles: readonly Handle[], { lengths }: KernelDescription): void {
    const fits = (handle: Handle, i: number) => !(handle instanceof Float32Array) || handle.length === lengths[i];
    if (handles.length === lengths.length && handles.every(fits)) return;
    const given = handles.map((handle) => (handle instanceof Float32Array ? handle.length : "some")).join(" and ");
    throw new ShapeError(this.#where, `the kernel of ${label} takes ${lengths.join(" and ")} values, got ${given}`);
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
    const arrays = description.lengths.map(() => "Array" as const);
    const numbers = Array.from({ length: description.numbers ?? 0 }, () => "Float" as const);
    const resident = { pipeline: true, immutable: true, optimizeFloatMemory: true };
    const settings = {
      output: description.output,
      argumentTypes: [...arrays, ...numbers],
      precision: "single",
      ...(this.#device.onHost ? {} : resident),
    } as const;
    const shortcut = this.#try(label, () => this.#gpu.createKernel(description.source, settings));
    const { kernel } = shortcut;
    description.customize?.(kernel);
    // it makes a view for each row, or even for each thread, of what we want flat
    if (kernel._shapeOutput) kernel._shapeOutput = (data) => data;
    const entry: Entry = { label, shortcut, kernel, description, values };
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

  /** Destroys a kernel. It is not at work: calls are made one after the other. */
  #drop(entry: Entry): void {
    if (this.#entries.get(entry.label) !== entry) return;
    this.#entries.delete(entry.label);
    this.#values -= entry.values;
    this.#destroy(entry);
  }

  #destroy({ shortcut, kernel }: Entry): void {
    shortcut.destroy();
    // in cpu mode, and after falling back to it, gpu.js keeps a destroyed kernel in its list
    const place = this.#gpu.kernels.indexOf(kernel);
    if (place >= 0) this.#gpu.kernels.splice(place, 1);
  }

  #call(entry: Entry, inputs: readonly (Handle | number)[]): unknown {
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
  #follow(entry: Entry, answer: Promise<unknown>): Promise<Handle> {
    const { label, description } = entry;
    return answer.then(
      (results) => this.#device.adopt(results, description.results),
      (cause: unknown) => {
        // after the loss of its device a kernel fails until it is made again
        this.#drop(entry);
        throw this.#failure(label, cause);
      },
    );
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
