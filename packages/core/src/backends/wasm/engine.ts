// The engine room of the wasm backend: the kernels as typed methods over addresses in its memory, and the choice of how
// many threads take part. It knows no tensor and no buffer: who calls it owns the addresses. With several threads a
// method returns before its kernel has run, and kernels run in the order of the calls: a block of memory can be given
// back, and handed out again, while kernels still use it. Only who looks at the memory itself has to wait: `floats` and
// `bytes` do.

import type { Shape } from "../../shape.js";
import type { AdamValues, BinaryName, RandomPlace, ReduceName, StridedView, UnaryName } from "../backend.js";
import { planBroadcast } from "./broadcast-plan.js";
import { broadcast } from "./broadcasting.js";
import { binaryCodes, unaryCodes } from "./codes.js";
import { type Address, costs, GRAIN_CHEAP, type KernelRunner } from "./kernel-runner.js";
import { instantiate, type Kernel, type KernelName, type Kernels } from "./kernels.js";
import type { LinearMemory } from "./linear-memory.js";
import { multiply, type Product } from "./products.js";
import { reduceAxes } from "./reductions.js";
import { cutsOf } from "./shares.js";
import { ThreadPool } from "./thread-pool.js";
import { copyFromWindow, copyIntoWindow } from "./windows.js";
import type { NativeSource } from "./worker-source.js";

/** A function that a backend adds to the kernels: in this thread, and how a worker makes its own. */
export interface NativeKernel {
  here(memory: LinearMemory): Kernel;
  /** Absent where workers have none: then it is called for whole jobs, in this thread. */
  readonly inWorkers?: NativeSource;
}

/** What an engine is made of beside kernels and memory. */
export interface EngineParts {
  readonly threads: number;
  /** Why there are no workers, where more threads could run. */
  readonly limitation?: string | undefined;
  /** Whether the modules are those of `compileWide`. */
  readonly wide?: boolean | undefined;
  readonly native?: NativeKernel | undefined;
}

/** So many whole numbers the kernel for that stores in one call; with more than this, waiting is cheaper than calling it. */
const STORED_AT_ONCE = 12;
const MOST_STORED = 48;

/** Kernels, their memory and their threads. */
export class Engine implements KernelRunner {
  readonly memory: LinearMemory;
  readonly kernels: Kernels;
  readonly relaxed: boolean;
  readonly wide: boolean;
  /** What its vectors are called, as `info()` has it. */
  readonly vectors: string;
  readonly limitation: string | undefined;
  readonly #pool: ThreadPool | undefined;
  readonly #workersHaveNative: boolean;

  /** Use `createEngine` or `createEngineSync` of create-engine.ts. @param modules as `kernelBytes` has them */
  constructor(
    modules: readonly WebAssembly.Module[],
    memory: LinearMemory,
    { threads, limitation, wide = false, native }: EngineParts,
  ) {
    this.memory = memory;
    this.relaxed = modules.length > 1;
    this.wide = wide;
    this.limitation = limitation;
    this.vectors = wide ? "simd, 256-bit" : "simd";
    this.#workersHaveNative = native?.inWorkers !== undefined;
    this.kernels = { ...instantiate(modules, memory.memory), ...(native ? { native: native.here(memory) } : {}) };
    const panels = wide ? 2 : 1;
    this.kernels.takePanels(panels);
    if (threads > 1) {
      this.#pool = new ThreadPool(modules, memory.memory, this.kernels, { threads, panels, native: native?.inWorkers });
    }
  }

  /** How many threads compute at this moment: workers start when it pays, and take part as soon as they are up. */
  get threads(): number {
    return this.#pool?.threads ?? 1;
  }

  /** How many threads compute at most: the highest number of one is below. */
  get wantedThreads(): number {
    return this.#pool?.wantedThreads ?? 1;
  }

  /** The workers; undefined where the calling thread computes alone. */
  get crew(): ThreadPool["crew"] | undefined {
    return this.#pool?.crew;
  }

  /** Starts all threads that are not started, and resolves when they are up. Only measurements and tests need it. */
  async ready(): Promise<void> {
    await this.#pool?.crew.ready();
  }

  /** Ends the workers. The memory goes with the last reference to it. */
  dispose(): void {
    this.#pool?.close();
  }

  /** A view of `count` floats, after all kernels have run. Not to be used after the next call of the engine. */
  floats(at: Address, count: number): Float32Array {
    this.#pool?.finish();
    return new Float32Array(this.memory.buffer, at, count);
  }

  /** The same, of bytes. */
  bytes(at: Address, count: number): Uint8Array {
    this.#pool?.finish();
    return new Uint8Array(this.memory.buffer, at, count);
  }

  lendIntegers(values: ArrayLike<number>, use: (at: Address) => void): void {
    const bytes = 4 * values.length;
    if (values.length > MOST_STORED) {
      this.memory.lend(bytes, (at) => {
        this.bytes(at, bytes).set(new Uint8Array(Int32Array.from(values).buffer));
        use(at);
      });
      return;
    }
    // a few are stored by a kernel, so that nothing has to wait
    this.memory.lend(Math.ceil(values.length / STORED_AT_ONCE) * 4 * STORED_AT_ONCE, (at) => {
      for (let i = 0; i < values.length; i += STORED_AT_ONCE) {
        const some = Array.from({ length: STORED_AT_ONCE }, (_, j) => values[i + j] ?? 0);
        this.call("storeIntegers", [at + 4 * i, ...some]);
      }
      use(at);
    });
  }

  call(kernel: KernelName, values: number[]): void {
    if (this.#pool?.busy) {
      if (kernel !== "native" || this.#workersHaveNative) {
        this.#pool.runOnce(kernel, values);
        return;
      }
      this.#pool.finish();
    }
    (this.kernels[kernel] as Kernel)(...values);
  }

  split(
    kernel: KernelName,
    length: number,
    grain: number,
    step: number,
    values: (from: number, to: number) => number[],
  ) {
    const grains = length / grain;
    this.#pool?.expect(grains);
    const cuts = cutsOf(this.threads, grains);
    if (cuts.length === 1) {
      this.call(kernel, values(0, length));
      return;
    }
    const parts: number[][] = [];
    let from = 0;
    for (const cut of cuts) {
      const to = cut === 1 ? length : Math.floor((cut * length) / step) * step;
      if (from < to) parts.push(values(from, to));
      from = to;
    }
    (this.#pool as ThreadPool).run(kernel, parts);
  }

  /** out = f(x), elementwise. `out` may be `x`. */
  unary(
    name: UnaryName,
    x: Address,
    out: Address,
    count: number,
    [first = 0, second = 0]: readonly number[] = [],
  ): void {
    const code = unaryCodes[name];
    this.split("unary", count, costs(name), 4, (from, to) => {
      return [code, x + 4 * from, out + 4 * from, to - from, first, second];
    });
  }

  /** out = dy·f′ from the result y of tanh, sigmoid, relu or leakyRelu with a slope above 0. `out` may be `dy`. */
  activationGradient(
    name: "tanh" | "sigmoid" | "relu" | "leakyRelu",
    y: Address,
    dy: Address,
    out: Address,
    count: number,
    slope = 0,
  ): void {
    const code = unaryCodes[name];
    this.split("activationGradient", count, GRAIN_CHEAP, 4, (from, to) => {
      return [code, y + 4 * from, dy + 4 * from, out + 4 * from, to - from, slope];
    });
  }

  /** out = f(a, b), each broadcast to `shape`. */
  binary(name: BinaryName, a: Address, aShape: Shape, b: Address, bShape: Shape, out: Address, shape: Shape): void {
    const grain = costs(name);
    broadcast(this, "binary", [binaryCodes[name]], [a, b], planBroadcast([aShape, bShape], shape), out, grain);
  }

  /** out = condition ≠ 0 ? a : b, each broadcast to `shape`. */
  select(operands: readonly [Address, Address, Address], shapes: readonly Shape[], out: Address, shape: Shape): void {
    broadcast(this, "select", [], operands, planBroadcast(shapes, shape), out, GRAIN_CHEAP);
  }

  /** The sum, maximum, minimum or place of the maximum of x over `axes`, which are sorted; argMax takes one axis. */
  reduce(name: ReduceName, x: Address, shape: Shape, axes: readonly number[], out: Address): void {
    reduceAxes(this, name, x, shape, axes, out);
  }

  /**
   * Adds the sums of one part of a long sum to totals in float64, `count` of each; the first part replaces the totals,
   * and with the last one they are rounded and written over `sums`.
   */
  addToTotals(sums: Address, totals: Address, count: number, first: boolean, last: boolean): void {
    this.split("addToTotals", count, GRAIN_CHEAP, 4, (from, to) => {
      return [sums + 4 * from, totals + 8 * from, to - from, Number(first), Number(last)];
    });
  }

  /** A matrix product with its epilogue. */
  product(product: Product): void {
    multiply(this, product);
  }

  /** `count` elements of one value. */
  fill(out: Address, count: number, value: number): void {
    this.split("fill", count, 4 * GRAIN_CHEAP, 4, (from, to) => [out + 4 * from, to - from, value]);
  }

  /** Copies `count` floats. */
  copy(x: Address, out: Address, count: number): void {
    this.split("copyBytes", count, 4 * GRAIN_CHEAP, 4, (from, to) => [x + 4 * from, out + 4 * from, 4 * (to - from)]);
  }

  /** Copies a window of `x` to a contiguous `out`. */
  copyFrom(x: Address, view: StridedView, out: Address): void {
    copyFromWindow(this, x, view, out);
  }

  /** Fills a window of `out` with a contiguous `x`. */
  copyInto(x: Address, view: StridedView, out: Address): void {
    copyIntoWindow(this, x, view, out);
  }

  /** Row i of `out` is row indices[i] of `x`; `indices` is the address of `count` 32-bit whole numbers. */
  gatherRows(x: Address, indices: Address, out: Address, count: number, rowSize: number): void {
    const grain = Math.ceil((4 * GRAIN_CHEAP) / Math.max(1, rowSize));
    this.split("gatherRows", count, grain, 1, (from, to) => {
      return [x, indices + 4 * from, out + 4 * from * rowSize, to - from, rowSize];
    });
  }

  /** Fills `out` (rows × rowSize) with zeros and adds row i of `x` to row indices[i], in order of i. */
  scatterRows(x: Address, indices: Address, out: Address, count: number, rows: number, rowSize: number): void {
    this.fill(out, rows * rowSize, 0);
    const grain = Math.ceil(GRAIN_CHEAP / Math.max(1, count));
    this.split("scatterRows", rowSize, grain, 16, (from, to) => [x, indices, out, count, rowSize, from, to]);
  }

  /** The bytes at `x` as byte·scale + offset. */
  scaleBytes(x: Address, out: Address, count: number, scale: number, offset: number): void {
    this.split("scaleBytes", count, GRAIN_CHEAP, 8, (from, to) => [x + from, out + 4 * from, to - from, scale, offset]);
  }

  /** Adam's update of a parameter and of the means m and v, in place. */
  adam(parameter: Address, gradient: Address, m: Address, v: Address, count: number, values: AdamValues): void {
    const { beta1, beta2, rate, correction, epsilon } = values;
    this.split("adam", count, GRAIN_CHEAP / 2, 4, (from, to) => {
      const places = [parameter, gradient, m, v].map((at) => at + 4 * from);
      return [...places, to - from, beta1, 1 - beta1, beta2, 1 - beta2, rate, correction, epsilon];
    });
  }

  /** RMSprop's update of a parameter and of the mean square, in place. */
  rmsprop(
    parameter: Address,
    gradient: Address,
    meanSquare: Address,
    count: number,
    { decay, rate, epsilon }: { decay: number; rate: number; epsilon: number },
  ): void {
    this.split("rmsprop", count, GRAIN_CHEAP / 2, 4, (from, to) => {
      const places = [parameter, gradient, meanSquare].map((at) => at + 4 * from);
      return [...places, to - from, decay, 1 - decay, rate, epsilon];
    });
  }

  /** SGD's update of a parameter and of the velocity, in place; a velocity of 0 stands for none. */
  sgd(
    parameter: Address,
    gradient: Address,
    velocity: Address,
    count: number,
    { rate, momentum = 0, nesterov = false }: { rate: number; momentum?: number; nesterov?: boolean },
  ): void {
    this.split("sgd", count, GRAIN_CHEAP, 4, (from, to) => {
      const at = velocity ? velocity + 4 * from : 0;
      return [parameter + 4 * from, gradient + 4 * from, at, to - from, rate, momentum, nesterov ? 1 : 0];
    });
  }

  /** `count` normal or uniform numbers, those of `Random.fillNormal` and `Random.fillUniform`. */
  random(kind: "normal" | "uniform", out: Address, count: number, { seed, stream, block }: RandomPlace): void {
    this.split(kind === "normal" ? "fillNormal" : "fillUniform", count, 2048, 4, (from, to) => {
      return [out + 4 * from, to - from, block + from / 4, stream, seed];
    });
  }
}
