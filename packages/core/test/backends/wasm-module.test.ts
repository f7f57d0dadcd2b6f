// Kernels that the caller compiled, from the package's files; and what is said where nothing may be compiled, or where
// there is no WebAssembly at all.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { kernelFile } from "../../src/backends/wasm/kernel-modules.js";
import { ArgumentError, type Backend, BackendError, Random, randomNormal, useBackend } from "../../src/index.js";

const backends: Backend[] = [];

beforeEach(async () => {
  await useBackend("reference");
});

afterEach(async () => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  for (const backend of backends.splice(0)) await backend.dispose();
  await useBackend("reference");
});

async function use(...[name, options]: Parameters<typeof useBackend>) {
  const choice = await useBackend(name, options);
  backends.push(choice.backend);
  return choice;
}

async function product(): Promise<number[]> {
  const x = randomNormal([61, 61], { random: new Random(3) });
  return Array.from(await x.matmul(x).tanh().data());
}

const single = new WebAssembly.Module(kernelFile(false));
const threaded = new WebAssembly.Module(kernelFile(true));

describe("useBackend with a `module`", () => {
  it.each([
    ["kernels.wasm", single, undefined, 1],
    ["kernels-threads.wasm", threaded, 2, 2],
    ["kernels-threads.wasm", threaded, 1, 1],
  ])(
    "computes the bits of the package's own kernels with %s, compiling nothing",
    async (_, module, threads, actual) => {
      const { backend: own } = await use("wasm", { threads: 1 });
      const expected = await product();
      await own.dispose();
      const compile = vi.spyOn(WebAssembly, "compile");
      const { backend } = await use("wasm", threads === undefined ? { module } : { module, threads });
      expect(backend.info().threads).toBe(actual);
      expect(await product()).toEqual(expected);
      expect(compile).not.toHaveBeenCalled();
    },
  );

  it("refuses threads with the module for one", async () => {
    await expect(use("wasm", { module: single, threads: 2 })).rejects.toThrow("@adjoint/core/kernels-threads.wasm");
  });

  it.each(["relaxed", "wide"])("refuses `%s`, which needs other kernels", async (option) => {
    const refusal = use("wasm", { module: single, [option]: true });
    await expect(refusal).rejects.toThrow(`wasm: \`${option}\` needs other kernels than \`module\` has`);
    await expect(refusal).rejects.toThrow(BackendError);
  });

  it("refuses what is no module, or not one of this version's kernels", async () => {
    const bytes = kernelFile(false);
    const older = bytes.slice();
    older[bytes.length - 12] = "x".charCodeAt(0);
    const empty = new WebAssembly.Module(bytes.subarray(0, 8));
    const wrong = [
      [bytes, 'must be a WebAssembly.Module, compiled from "@adjoint/core/kernels.wasm"; got Uint8Array'],
      ["kernels.wasm", "got string"],
      [empty, "`module` is not of @adjoint/core"],
      [new WebAssembly.Module(older), "`module` is of another version of @adjoint/core"],
    ] as const;
    for (const [module, message] of wrong) {
      const refusal = use("wasm", { module: module as WebAssembly.Module });
      await expect(refusal).rejects.toThrow(message);
      await expect(refusal).rejects.toThrow(ArgumentError);
    }
  });
});

describe("where bytes must not be compiled", () => {
  beforeEach(() => {
    const Real = WebAssembly.Module;
    const message = "code generation disallowed";
    vi.spyOn(WebAssembly, "compile").mockRejectedValue(new WebAssembly.CompileError(message));
    const refuse = () => {
      throw new WebAssembly.CompileError(message);
    };
    const { customSections } = Real;
    vi.stubGlobal("WebAssembly", { ...functionsOf(WebAssembly), Module: Object.assign(refuse, { customSections }) });
  });

  it("wasm is refused with the policy to set and the file to import", async () => {
    const refusal = use("wasm");
    await expect(refusal).rejects.toThrow(BackendError);
    await expect(refusal).rejects.toThrow("forbids compiling WebAssembly from bytes (code generation disallowed)");
    await expect(refusal).rejects.toThrow("'wasm-unsafe-eval'");
    await expect(refusal).rejects.toThrow('import module from "@adjoint/core/kernels.wasm"');
  });

  it("auto takes reference, and says why", async () => {
    const { backend, reason } = await use("auto");
    expect(backend.name).toBe("reference");
    expect(reason).toContain("forbids compiling WebAssembly from bytes");
  });

  it("a module that the caller has computes", async () => {
    const { backend } = await use("wasm", { module: single });
    expect([backend.name, (await product()).length]).toEqual(["wasm", 61 * 61]);
  });
});

describe("where there is no WebAssembly", () => {
  beforeEach(() => vi.stubGlobal("WebAssembly", undefined));

  it("wasm is refused, and auto takes reference", async () => {
    await expect(use("wasm")).rejects.toThrow("wasm: there is no WebAssembly here");
    // what auto took is remembered for the same options
    const { backend, reason } = await use("auto", { threads: 1 });
    expect(backend.name).toBe("reference");
    expect(reason).toContain("there is no WebAssembly here");
  });
});

/** Those of a namespace, which are not enumerable. */
function functionsOf(namespace: object): object {
  return Object.fromEntries(Object.getOwnPropertyNames(namespace).map((name) => [name, Reflect.get(namespace, name)]));
}
