// What is in the package that npm would publish, and whether tools and compilers can read it.

import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { beforeAll, describe, expect, it } from "vitest";
import { type Consumer, createConsumer, PACKAGE, removeConsumer, runProgram } from "./consumer.js";

const execute = promisify(execFile);
const require = createRequire(import.meta.url);

let consumer: Consumer;

beforeAll(async () => {
  consumer = await createConsumer();
  return () => removeConsumer(consumer);
});

describe("the packed files", () => {
  it("are the build, its sources and what a package page shows, and nothing else", () => {
    const others = consumer.files.filter((file) => !file.startsWith("dist/") && !file.startsWith("src/"));
    expect(others.toSorted()).toEqual(["LICENSE", "README.md", "bin/adjoint.mjs", "package.json"]);
    expect(consumer.files.filter((file) => file.includes(".test."))).toEqual([]);
    expect(consumer.files.filter((file) => file.startsWith("src/") && !file.endsWith(".ts"))).toEqual([]);
  });

  it("have each entry as ESM and CommonJS, with types and source maps", () => {
    for (const entry of ["dist/index", "dist/io", "dist/node", "dist/testing", "dist/doctor"]) {
      for (const ending of [".js", ".js.map", ".cjs", ".cjs.map", ".d.ts", ".d.cts"]) {
        expect(consumer.files).toContain(entry + ending);
      }
    }
  });

  it("have the kernels as files, which `useBackend` takes as modules", async () => {
    const program = `
      import { readFile } from "node:fs/promises";
      import { tensor, useBackend } from "@adjoint/core";
      const seen = [];
      for (const [name, threads] of [["kernels", 1], ["kernels-threads", 2]]) {
        const file = new URL(import.meta.resolve(\`@adjoint/core/\${name}.wasm\`));
        const module = await WebAssembly.compile(await readFile(file));
        const { backend } = await useBackend("wasm", { module, threads });
        seen.push([backend.info().threads, await tensor([[1, 2]]).matmul(tensor([[3], [4]])).item()]);
        await backend.dispose();
      }
      console.log(JSON.stringify(seen));
    `;
    expect(await runProgram(consumer.folder, "kernels.mjs", program)).toEqual([
      [1, 11],
      [2, 11],
    ]);
  });

  it("have source maps that lead to sources in the package", async () => {
    const maps = consumer.files.filter((file) => file.endsWith(".map"));
    const sources = new Set<string>();
    for (const file of maps) {
      const map = JSON.parse(await readFile(join(PACKAGE, file), "utf8")) as { sources: string[] };
      for (const source of map.sources) sources.add(join(dirname(file), source));
    }
    expect([...sources].filter((source) => !consumer.files.includes(source))).toEqual([]);
    expect(sources).toContain("src/tensor.ts");
  });

  it("name no folder of the machine that built them", async () => {
    const workspace = dirname(dirname(PACKAGE));
    const texts = await Promise.all(consumer.files.map((file) => readFile(join(PACKAGE, file), "utf8")));
    expect(consumer.files.filter((_, index) => texts[index]?.includes(workspace))).toEqual([]);
  });
});

describe("the package's manifest", () => {
  it("passes publint", async () => {
    const tarball = await readFile(consumer.tarball);
    const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  it("passes @arethetypeswrong/cli", async () => {
    const cli = join(dirname(require.resolve("@arethetypeswrong/cli/package.json")), "dist", "index.js");
    // It ends with another code than 0 where an entry resolves wrongly for any kind of importer.
    // It knows JavaScript only.
    const files = ["--exclude-entrypoints", "./kernels.wasm", "./kernels-threads.wasm"];
    const { stdout } = await execute(process.execPath, [cli, consumer.tarball, "--format", "json", ...files]);
    const report = JSON.parse(stdout) as { analysis: { entrypoints: object; problems: unknown[] } };
    expect(Object.keys(report.analysis.entrypoints)).toEqual([
      ".",
      "./io",
      "./node",
      "./testing",
      "./doctor",
      "./package.json",
    ]);
    expect(report.analysis.problems).toEqual([]);
  });
});

/** The oldest TypeScript that the declarations are for, the workspace's, and the newest. */
const COMPILERS = ["typescript-5.2", "typescript", "typescript-7"];

describe.each(COMPILERS)("the declarations, for %s", (compiler) => {
  const PROGRAM = `
    import { tensor, valueAndGradients, type Tensor } from "@adjoint/core";
    import { diagnose } from "@adjoint/core/doctor";
    import { openSafetensors, writeSafetensors } from "@adjoint/core/io";
    import { writeFileAtomically } from "@adjoint/core/node";
    import { checkGradients } from "@adjoint/core/testing";
    export const written: Promise<void> = writeFileAtomically("a.safetensors", writeSafetensors([]));
    export const opened: Promise<{ readonly tensors: ReadonlyMap<string, unknown> }> = openSafetensors(new Uint8Array(9));
    const product: Tensor = tensor([[1, 2], [3, 4]]).matmul(tensor([[5], [6]]));
    const [a, b]: [Tensor, Tensor] = valueAndGradients((x, y) => x.mul(y).sum(), [product, product]).gradients;
    checkGradients((x: Tensor) => x.square().sum(), [a, b]);
    export { diagnose };
    // @ts-expect-error: a shape is no tensor
    product.matmul([2, 2]);
  `;

  /** What the compiler says of the program as an ES module and as CommonJS, all declarations checked. */
  async function complaints(program: string, lib: readonly string[]): Promise<string> {
    for (const file of ["module.mts", "common.cts"]) await writeFile(join(consumer.folder, file), program);
    const compilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      module: "nodenext",
      target: "es2022",
      lib,
      // no types of Node
      types: [],
    };
    await writeFile(
      join(consumer.folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["module.mts", "common.cts"] }),
    );
    const tsc = join(dirname(require.resolve(`${compiler}/package.json`)), "bin", "tsc");
    // tsc writes what it finds to standard output, so this shows it where it ends with another code than 0
    const outcome = await execute(process.execPath, [tsc, "-p", consumer.folder]).catch(
      (error: { stdout: string }) => error,
    );
    return outcome.stdout;
  }

  it("compile with nothing but ES2022 and the DOM, as ES modules and as CommonJS", async () => {
    expect(await complaints(PROGRAM, ["es2022", "dom"])).toBe("");
  });

  // TypeScript 5.2 resolves no `.wasm`, whatever a package's exports say
  it.skipIf(compiler === "typescript-5.2")("make a module of kernels.wasm", async () => {
    const program = `import kernels from "@adjoint/core/kernels.wasm"; export const made: WebAssembly.Module = kernels;`;
    expect(await complaints(program, ["es2022", "dom"])).toBe("");
  });

  it("let a tensor be disposed of by `using`, where the compiler has it", async () => {
    const program = `import { tensor } from "@adjoint/core"; { using x = tensor([1]); x.sum(); }`;
    expect(await complaints(program, ["es2022", "dom", "esnext.disposable"])).toBe("");
  });
});
