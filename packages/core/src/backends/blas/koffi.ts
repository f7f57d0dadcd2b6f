// The part of koffi, 2 or 3, that the blas backend uses, typed as it behaves, and the only place that loads it.

import { BackendError } from "../../errors.js";
import { importOptional, isNotFound } from "../../optional-import.js";

/** A function of a native library. A typed array stands for the address of its first element, and is not copied. */
export type NativeFunction = (...values: readonly (number | Float32Array | Uint8Array)[]) => unknown;

/** A library that was opened. */
export interface NativeLibrary {
  /** The function of a C prototype. Throws where the library has none of that name. */
  func(prototype: string): NativeFunction;
  /** Closes it. Its functions must not be called from here on. */
  unload(): void;
}

/** The module. */
export interface Koffi {
  /** Opens a shared library, by a path or by a name that the system looks up. Throws where it finds none. */
  load(path: string): NativeLibrary;
  /** Where the first element of a view lies, for this process. */
  address(view: Uint8Array): bigint;
}

const CURE = "npm install koffi";

/**
 * Loads koffi, which is an optional peer dependency.
 *
 * @param load stands in for the import of it
 * @throws BackendError where it is not installed, or has no binary for this system
 */
export async function loadKoffi(load: () => Promise<unknown> = () => importOptional("koffi")): Promise<Koffi> {
  const loaded = await load().catch((cause: unknown) => {
    const problem = isNotFound(cause, "koffi") ? "koffi is not installed" : `koffi does not load (${String(cause)})`;
    throw new BackendError("blas", `${problem}; ${CURE}`, { cause });
  });
  // a CommonJS module is found under `default`
  const candidates = [(loaded as { readonly default?: unknown }).default, loaded];
  const koffi = candidates.find(isKoffi);
  if (!koffi) throw new BackendError("blas", `this is not koffi; ${CURE}`);
  return koffi;
}

/** What Node tells of the modules that were loaded by `require`, or by an import of one of theirs. */
interface NodeModules {
  createRequire(file: string): { readonly cache: Readonly<Record<string, { filename: string; exports: unknown }>> };
}

/** The file that koffi was loaded from, by which a worker can load it too; undefined where Node cannot tell. */
export function fileOf(koffi: Koffi): string | undefined {
  const { process } = globalThis as {
    process?: { readonly execPath: string; getBuiltinModule?(name: string): unknown };
  };
  const modules = process?.getBuiltinModule?.("node:module") as NodeModules | undefined;
  // any absolute path will do: all have the same cache
  const cache = process && modules?.createRequire(process.execPath).cache;
  return Object.values(cache ?? {}).find((module) => module?.exports === koffi)?.filename;
}

function isKoffi(module: unknown): module is Koffi {
  return typeof module === "object" && module !== null && "load" in module && typeof module.load === "function";
}
