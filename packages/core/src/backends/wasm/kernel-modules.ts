// The modules of the kernels: compiled here from the bytes in the package, or by the caller from its files
// kernels.wasm and kernels-threads.wasm, where a platform does not let a program compile bytes.

import { ArgumentError, BackendError } from "../../errors.js";
import { KERNELS_ID } from "./kernels.generated.js";
import { type KernelBytes, kernelBytes } from "./kernels.js";

/** The custom section of the files by which their modules are known: the fingerprint of the kernels, and the memory. */
const SECTION = "adjoint";

/** Whether a module is for a memory that threads share. */
type Sharing = "shared" | "unshared";

/** What a caller asks of its modules. */
export interface ModuleOptions {
  readonly module?: WebAssembly.Module | undefined;
  readonly relaxed?: boolean | undefined;
  readonly wide?: boolean | undefined;
}

/** The bytes of kernels.wasm, or of kernels-threads.wasm where memory is shared. */
export function kernelFile(shared: boolean): KernelBytes {
  const [bytes] = kernelBytes(shared, false);
  const text = (word: string) => {
    const codes = [...word].map((letter) => letter.charCodeAt(0));
    return [codes.length, ...codes];
  };
  const content = [...text(SECTION), ...text(`${KERNELS_ID} ${shared ? "shared" : "unshared"}`).slice(1)];
  return Uint8Array.from([...(bytes as KernelBytes), 0, content.length, ...content]);
}

/**
 * Which memory a module that the caller compiled is for.
 *
 * @throws ArgumentError where it is not a module of this version's kernels; BackendError where the options need another
 */
export function sharingOf({ module, relaxed, wide }: ModuleOptions): Sharing | undefined {
  if (module === undefined) return undefined;
  const other = relaxed ? "relaxed" : "wide";
  if (relaxed || wide) {
    throw new BackendError("wasm", `\`${other}\` needs other kernels than \`module\` has; leave out one of the two`);
  }
  const [id, sharing] = sectionOf(module).split(" ");
  if (id !== KERNELS_ID) {
    const problem = id ? "of another version of @adjoint/core" : "not of @adjoint/core";
    throw new ArgumentError("useBackend", `\`module\` is ${problem}; import it from "@adjoint/core/kernels.wasm"`);
  }
  return sharing as Sharing;
}

function sectionOf(module: WebAssembly.Module): string {
  try {
    const [section] = WebAssembly.Module.customSections(module, SECTION);
    return section ? String.fromCharCode(...new Uint8Array(section)) : "";
  } catch {
    const got = typeof module === "object" && module ? (module as object).constructor?.name : typeof module;
    throw new ArgumentError(
      "useBackend",
      `\`module\` must be a WebAssembly.Module, compiled from "@adjoint/core/kernels.wasm"; got ${got}`,
    );
  }
}

/** Compiles modules now. */
export function compileNow(bytes: readonly KernelBytes[]): WebAssembly.Module[] {
  return bytes.map((module) => new WebAssembly.Module(module));
}

/** Compiles modules in a while. */
export function compile(bytes: readonly KernelBytes[]): Promise<WebAssembly.Module[]> {
  return Promise.all(bytes.map((module) => WebAssembly.compile(module)));
}

/** @throws BackendError where there is no WebAssembly */
export function requireWebAssembly(): void {
  if (typeof WebAssembly === "object") return;
  const where = "as with Node's --jitless, or in a browser's lockdown mode";
  throw new BackendError("wasm", `there is no WebAssembly here, ${where}; choose reference`);
}

/** What is thrown where compiling the kernels threw `cause`: a BackendError that says what to do, if that was why. */
export function explained(cause: unknown, { relaxed }: ModuleOptions): unknown {
  if (!(cause instanceof Error) || cause instanceof BackendError) return cause;
  if (isForbidden()) return forbidden(cause);
  if (!(cause instanceof WebAssembly.CompileError) && !(cause instanceof RangeError)) return cause;
  const needs = relaxed
    ? "`relaxed` needs relaxed SIMD: Node 22, Chrome 114 or newer, or Node 20 with --experimental-wasm-relaxed-simd"
    : "they need WebAssembly with SIMD; without waiting, a browser's main thread may refuse them too";
  return new BackendError("wasm", `the kernels do not compile here (${cause.message}): ${needs}`, { cause });
}

/** Whether not even an empty module compiles. */
function isForbidden(): boolean {
  try {
    return !new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  } catch {
    return true;
  }
}

function forbidden(cause: Error): BackendError {
  return new BackendError(
    "wasm",
    `this platform forbids compiling WebAssembly from bytes (${cause.message}). In a page, allow it: ` +
      "Content-Security-Policy: script-src 'self' 'wasm-unsafe-eval'. In workerd and Cloudflare Workers, hand the " +
      'compiled kernels over: import module from "@adjoint/core/kernels.wasm", then ' +
      'await useBackend("wasm", { module }). Or choose reference',
    { cause },
  );
}
