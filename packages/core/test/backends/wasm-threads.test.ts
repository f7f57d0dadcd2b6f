// Threads start whatever a process was started with, in each Node that is known; where they cannot, that is no secret:
// one thread computes and `info()` says why, or the number that was asked for is refused.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { BackendError, ones, useBackend } from "@adjoint/core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createBlasBackend } from "../../src/backends/blas/index.js";
import { createEngine } from "../../src/backends/wasm/create-engine.js";
import { createWasmBackend } from "../../src/backends/wasm/index.js";
import { bundleForNode } from "../browser/bundling.js";

const execute = promisify(execFile);
const NODES = fileURLToPath(new URL("../nodes/node_modules", import.meta.url));
const nodes = ["this Node", "node-24", "node-26"].map((name) => {
  const node = name === "this Node" ? process.execPath : join(NODES, name, "bin", "node");
  const isHere = existsSync(node);
  return { title: isHere ? name : `${name} (not run: it is not in test/nodes)`, node, isHere };
});
const product = 257 * 255 * 129;
const forbidden = "Node's permission model forbids workers: start Node with --allow-worker";

const noBlas = await createBlasBackend({ threads: 1 }).then(
  (backend) => backend.dispose().then(() => undefined),
  (error: Error) => error.message.split("\n", 1)[0],
);

let folder: string;
let program: string;
let hook: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "adjoint-threads-")));
  [program, hook] = [join(folder, "program.mjs"), join(folder, "hook.cjs")];
  await writeFile(program, await bundleForNode("threads-program.ts"));
  const inWorkers = `if (!require("node:worker_threads").isMainThread) throw new Error("preloaded in a worker");`;
  await writeFile(hook, inWorkers);
  await mkdir(join(folder, "node_modules"));
  const koffi = dirname(createRequire(import.meta.url).resolve("koffi"));
  await symlink(koffi, join(folder, "node_modules", "koffi"), "dir");
  return () => rm(folder, { recursive: true });
});

afterAll(async () => {
  await useBackend("reference");
});

/** What the program printed. @param test the backend and the number of threads */
async function run(node: string, flags: readonly string[], test: string, options = ""): Promise<unknown> {
  const env = { ...process.env, NODE_OPTIONS: options, ADJOINT_TEST: test };
  // the timeout only ends what hangs: being killed rejects
  const { stdout } = await execute(node, flags, { env, cwd: folder, timeout: 120_000, killSignal: "SIGKILL" });
  return JSON.parse(stdout);
}

describe.each(nodes)("threads in $title", ({ node, isHere }) => {
  const permission =
    /^v2[0-2]\./.test(process.version) && node === process.execPath ? "--experimental-permission" : "--permission";
  const permitted = [permission, "--allow-fs-read=*", "--allow-addons"];

  const cases = (): [string, string[], string?][] => [
    ["--input-type=module", ["--input-type=module", "-e", `await import(${JSON.stringify(pathToFileURL(program))})`]],
    ["a preloaded module", ["--require", hook, program]],
    ["a preloaded module of NODE_OPTIONS", [program], `--require ${hook}`],
    ["no code from strings", ["--disallow-code-generation-from-strings", program]],
    ["leave to start them", [...permitted, "--allow-worker", program]],
  ];

  it.skipIf(!isHere).each(Array.from({ length: 5 }, (_, i) => [i]))(
    "compute under flags of the process (%i)",
    async (i) => {
      const [name, flags, options] = cases()[i] as [string, string[], string?];
      const outcome = await run(node, flags, "wasm 3", options);
      expect(outcome, name).toMatchObject({ same: true, threads: 3, product, helped: true });
      expect(outcome, name).not.toHaveProperty("threadsLimitedBy");
    },
  );

  it.skipIf(!isHere || noBlas !== undefined).each([[0], [3]])(
    `compute products by blas under them, too (%i)${noBlas === undefined ? "" : ` (not run: ${noBlas})`}`,
    async (i) => {
      const [name, flags, options] = cases()[i] as [string, string[], string?];
      const outcome = await run(node, flags, "blas 3", options);
      expect(outcome, name).toMatchObject({ name: "blas", same: true, threads: 3, product, helped: true });
    },
  );

  it.skipIf(!isHere)("are one where workers are forbidden, and info() says why", async () => {
    for (const name of ["wasm", "auto"]) {
      const outcome = await run(node, [...permitted, program], `${name} default`);
      expect(outcome).toMatchObject({ same: true, threads: 1, threadsLimitedBy: forbidden, product });
    }
  });

  it.skipIf(!isHere)("are refused where workers are forbidden and a number was asked for", async () => {
    for (const name of ["wasm", "auto"]) {
      const outcome = await run(node, [...permitted, program], `${name} 2`);
      expect(outcome).toEqual({
        own: true,
        error: expect.stringContaining(`2 threads cannot be had: ${forbidden}, or ask for 1`),
      });
    }
    expect(await run(node, [...permitted, program], "wasm 1")).toMatchObject({ same: true, threads: 1, product });
  });
});

/** What a test replaces in Node's own module. */
type Workers = { Worker: new (...args: never[]) => object };
const workers = process.getBuiltinModule("node:worker_threads") as unknown as Workers;
const original = workers.Worker;

/** Has the system refuse every worker, or let it end at once. */
function breakWorkers(how: "refused" | "ended"): void {
  const Original = original as new (source: string, options: object) => object;
  workers.Worker = class extends Original {
    constructor(_: string, options: object) {
      if (how === "refused") throw new Error("no thread is left");
      super("throw new Error('it ends at once')", options);
    }
  } as unknown as Workers["Worker"];
}

const compute = () =>
  ones([257, 129])
    .matmul(ones([129, 255]))
    .sum()
    .itemSync();

describe.each([
  ["refused", "worker 1 does not start: no thread is left"],
  ["ended", /^worker [12] does not start: it ends at once$/],
] as const)("workers that are %s although nothing forbids them", (how, problem) => {
  afterEach(() => {
    workers.Worker = original;
  });

  it("leave one thread where no number was asked for, and info() says why", async () => {
    vi.spyOn(process.getBuiltinModule("node:os"), "availableParallelism").mockReturnValue(3);
    const backend = await createWasmBackend();
    vi.restoreAllMocks();
    expect(backend.info()).toEqual({ name: "wasm", products: "wasm simd", elementwise: "wasm simd", threads: 3 });
    breakWorkers(how);
    await backend.ready();
    expect(backend.info()).toMatchObject({ threads: 1 });
    expect(backend.info().threadsLimitedBy).toMatch(problem);
    const x = backend.fill("float32", 1_000_000, 2);
    expect(backend.readSync(backend.unary("neg", x, [])).every((value) => value === -2)).toBe(true);
    await expect(backend.requireThreads()).rejects.toThrow(
      /^wasm: 3 threads were asked for, and worker . does not start/,
    );
    expect(backend.readSync(backend.unary("neg", x, []))[0]).toBe(-2);
    await backend.dispose();
  });

  it("are an error where a number was asked for", async () => {
    const { backend } = await useBackend("wasm", { threads: 3 });
    breakWorkers(how);
    const refusal =
      /^wasm: 3 threads were asked for, and worker . does not start: .*; ask for fewer, or leave the number/;
    await expect((backend as { ready?(): Promise<void> }).ready?.()).rejects.toThrow(refusal);
    expect(compute).toThrow(BackendError);
    expect(compute).toThrow(refusal);
    await backend.dispose();
  });

  it("are an error at the first work that they could share", async () => {
    const engine = await createEngine({ threads: 3 });
    breakWorkers(how);
    const out = engine.memory.allocate(4 * 2 ** 20);
    const work = () => {
      for (let i = 0; i < 100; i++) engine.fill(out, 2 ** 20, 1);
      engine.floats(out, 1);
    };
    if (how === "refused") expect(work).toThrow("wasm: 3 threads were asked for, and worker 1 does not start");
    else {
      work();
      await expect(engine.ready()).rejects.toThrow("does not start");
      expect(work).toThrow("wasm: 3 threads were asked for, and worker");
    }
    engine.dispose();
  });
});
