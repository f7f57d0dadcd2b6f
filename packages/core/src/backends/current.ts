// Which backend is in use, and how one is chosen. New tensors are made on the current backend; an op runs where its
// inputs live. Where none was chosen, the first tensor starts the wasm backend.

import { ArgumentError, BackendError } from "../errors.js";
import { anything, flag, list, numeric, optionsOf, readOptions } from "../options.js";
import { refusePromise } from "../synchronous.js";
import type { Backend } from "./backend.js";
import type { Taken } from "./fastest.js";
import type { GpuMode } from "./gpu/index.js";
import { ReferenceBackend } from "./reference/index.js";
import { createWasmBackend, createWasmBackendSync, WasmBackend } from "./wasm/index.js";

/** What `useBackend` takes. A name without a mode lets the backend choose the fastest that works here. */
export type BackendName = "auto" | "wasm" | "blas" | "reference" | "reference:float64" | "gpu" | `gpu:${GpuMode}`;

/** A name that stands for a backend, and not for a choice of ours. */
type Named = Exclude<BackendName, "auto">;

/** The backend that was taken, and why in one sentence. */
export interface BackendChoice {
  readonly backend: Backend;
  readonly reason: string;
}

const KNOWN: readonly BackendName[] = [
  "auto",
  "wasm",
  "blas",
  "reference",
  "reference:float64",
  "gpu",
  "gpu:webgpu",
  "gpu:webgl2",
  "gpu:headlessgl",
  "gpu:webasm",
  "gpu:cpu",
];

/** Started backends by name: asked for twice, a backend is the same, and tensors made before stay usable. */
const started = new Map<string, Backend>();

/** Backends that are being started, by what was asked for. */
const starting = new Map<string, Promise<BackendChoice>>();

/** What "auto" took, by what was asked for. */
const measured = new Map<string, { readonly name: Named; readonly reason: string }>();

/** What "auto" chooses among by itself: those that answer at once. */
const AUTOMATIC: readonly Named[] = ["wasm", "blas"];

let current: Backend | undefined;

/**
 * The backend on which new tensors are made.
 *
 * @throws BackendError where none was chosen and the wasm backend cannot be started without waiting
 */
export function currentBackend(): Backend {
  current ??= start(createWasmBackendSync());
  return current;
}

/** Options of `useBackend`. */
export interface BackendOptions {
  /**
   * For `wasm` and `blas`: threads that compute, the calling one included. That number or a BackendError. By default as
   * many as the machine runs, at most 8; where fewer are available, the backend's `info()` says why.
   */
  readonly threads?: number;
  /**
   * For `wasm`: whether products may use the fused multiply-add of relaxed SIMD. Faster, but the bits of a run are then
   * those of this kind of machine only. Default: no.
   */
  readonly relaxed?: boolean;
  /**
   * For `wasm`: whether kernels compute with vectors of 256 bits instead of 128: about 1.5 times as fast, with the same
   * bits; for `blas`, what is not a product. V8 does that in Node 24 and newer, on x64 with AVX2, and calls it an
   * experiment. It needs other flags of V8 while the kernels are compiled, for some hundredths of a second, and they hold
   * for the whole process: no other thread may compile WebAssembly meanwhile, which could end it. So ask for this first.
   * Default: no. A BackendError says what is missing.
   */
  readonly wide?: boolean;
  /**
   * For `wasm` and `blas`: the kernels, where a platform forbids compiling them from the package's own bytes, as workerd
   * does. A WebAssembly.Module of the file `@adjoint/core/kernels.wasm`, for one thread, or of
   * `@adjoint/core/kernels-threads.wasm`, for a memory that threads share. Not with `relaxed` or `wide`.
   */
  readonly module?: WebAssembly.Module;
  /**
   * For `gpu` and its modes: gpu.js, as the program imported it: `gpuJs: await import("gpu.js")`. A bundled program needs
   * this, so that gpu.js is in the bundle; without a bundler it is found where it is installed.
   */
  readonly gpuJs?: object;
  /** For `auto`: what it chooses among. The first is taken unless another is clearly faster. Default: wasm and blas. */
  readonly among?: readonly Exclude<BackendName, "auto">[];
}

const OPTIONS = optionsOf<BackendOptions>({
  threads: numeric,
  relaxed: flag,
  wide: flag,
  module: anything,
  gpuJs: anything,
  among: list,
});

/** All names that `useBackend` takes. */
export function backendNames(): readonly BackendName[] {
  return KNOWN;
}

/**
 * Chooses the backend on which tensors are made from here on, and loads what it needs.
 *
 * `"auto"` times a small training step on wasm and on blas, where that can be had, and takes blas where it is at least
 * 1.2 times as fast; where neither starts, reference. The reason has the numbers. That takes some tenths of a second,
 * once in a process: nothing is kept on disk, where it would outlive the machine or the library that it was true of.
 * A GPU, whose results must be awaited, is a candidate where `among` names it. Bits are the same everywhere on wasm
 * only: ask for that by name where they matter. Backends that are not taken are disposed of.
 *
 * A backend asked for by name is that one or an error: there is no silent fallback.
 *
 * @throws BackendError that says what is missing where the backend cannot be had; ArgumentError for an unknown name
 */
export async function useBackend(name: BackendName, options: BackendOptions = {}): Promise<BackendChoice> {
  if (!KNOWN.includes(name)) {
    throw new ArgumentError("useBackend", `"${name}" is not a backend; known are ${KNOWN.join(", ")}`);
  }
  const choice = await choose(name, readOptions("useBackend", options, OPTIONS));
  current = choice.backend;
  return choice;
}

/** Runs a synchronous `fn` with another current backend, and restores the former one, also when `fn` throws. */
export function withBackend<T>(backend: Backend, fn: () => T): T {
  const former = current;
  current = backend;
  try {
    return refusePromise("withBackend", fn());
  } finally {
    current = former;
  }
}

async function choose(name: BackendName, options: BackendOptions): Promise<BackendChoice> {
  if (name === "auto") return chooseFastest(options);
  const running = runningAs(name, options);
  if (running) return { backend: await withThreads(running, options), reason: BY_NAME };
  return once(keyOf(name, options), () => launch(name, options));
}

const BY_NAME = "asked for by name";

function keyOf(name: string, { threads, relaxed, wide, module, gpuJs }: BackendOptions): string {
  const given = `${module ? "module" : ""} ${gpuJs ? "gpuJs" : ""}`;
  return `${name} ${threads ?? ""} ${relaxed ?? ""} ${wide ?? ""} ${given}`;
}

/** Who asks while something is being started gets the same. */
async function once(key: string, begin: () => Promise<BackendChoice>): Promise<BackendChoice> {
  const begun = starting.get(key) ?? begin().finally(() => starting.delete(key));
  starting.set(key, begun);
  return begun;
}

async function launch(name: Named, options: BackendOptions): Promise<BackendChoice> {
  const created = await create(name, options);
  const reason = name === "gpu" ? `gpu took ${created.name}, the fastest of its modes that works here` : BY_NAME;
  return { backend: await settle(created, options), reason };
}

/** Makes a new backend the one of its name, unless one that is as good was started in the meantime. */
async function settle(created: Backend, options: BackendOptions): Promise<Backend> {
  const running = runningAs(created.name, options);
  if (!running) return start(created);
  if (running === created) return created;
  await created.dispose();
  return withThreads(running, options);
}

/** A backend that runs with as many threads as were asked for; a new one is started with them. */
async function withThreads(running: Backend, { threads }: BackendOptions): Promise<Backend> {
  if (threads !== undefined && running instanceof WasmBackend) await running.requireThreads();
  return running;
}

/** A backend that nobody else knows of. */
async function create(name: Named, options: BackendOptions): Promise<Backend> {
  if (name === "wasm") return createWasmBackend(options);
  if (name === "reference") return new ReferenceBackend();
  if (name === "reference:float64") return new ReferenceBackend({ dtype: "float64" });
  if (name === "blas") return (await import("./blas/index.js")).createBlasBackend(options);
  const { createGpuBackend } = await import("./gpu/index.js");
  return createGpuBackend(name === "gpu" ? undefined : (name.slice("gpu:".length) as GpuMode), options.gpuJs);
}

async function chooseFastest(options: BackendOptions): Promise<BackendChoice> {
  const { among } = options;
  checkAmong(among);
  const key = keyOf(`auto ${among?.join() ?? ""}`, options);
  const known = measured.get(key);
  if (known) return { backend: (await choose(known.name, options)).backend, reason: known.reason };
  return once(key, async () => {
    const { takeFastest } = await import("./fastest.js");
    const source = {
      running: (name: Named) => runningAs(name, options),
      create: (name: Named) => create(name, options),
    };
    const last = (error: unknown): Promise<Taken> => {
      // what was asked for by an option is had, or refused
      const asked = among || options.wide || options.relaxed || (options.threads ?? 1) !== 1;
      if (asked || !(error instanceof BackendError)) throw error;
      return takeFastest(["reference"], source).then((taken) => ({
        ...taken,
        reason: `auto took reference, since ${error.message}`,
      }));
    };
    const { backend, reason } = await takeFastest(among ?? AUTOMATIC, source).catch(last);
    measured.set(key, { name: backend.name as Named, reason });
    return { backend: await settle(backend, options), reason };
  });
}

function checkAmong(among: BackendOptions["among"]): void {
  const wrong = among?.find((name) => !KNOWN.includes(name) || (name as BackendName) === "auto");
  if (wrong === undefined && among?.length !== 0) return;
  const problem = wrong === undefined ? "is empty" : `has "${wrong}"`;
  throw new ArgumentError(
    "useBackend",
    `\`among\` ${problem}; it takes ${KNOWN.filter((name) => name !== "auto").join(", ")}`,
  );
}

function runningAs(name: string, options: BackendOptions): Backend | undefined {
  const running = started.get(name);
  return running && !running.disposed && fits(running, options) ? running : undefined;
}

/** Whether a running backend is what the options ask for. Only wasm and blas have something to ask for. */
function fits(backend: Backend, asked: BackendOptions): boolean {
  if (!(backend instanceof WasmBackend)) return true;
  return (["threads", "relaxed", "wide"] as const).every((name) => (asked[name] ?? backend[name]) === backend[name]);
}

function start(backend: Backend): Backend {
  started.set(backend.name, backend);
  return backend;
}
