// Vectors of 256 bits: an option of the wasm backend that V8 has from Node 24 on, tried in each such Node that is known.

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Random, useBackend } from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEngine } from "../../src/backends/wasm/create-engine.js";
import type { Engine } from "../../src/backends/wasm/engine.js";
import { bundleForNode } from "../browser/bundling.js";
import { type GanOutcome, trainGan } from "../browser/gan-program.js";
import { type KernelOutcome, runKernels } from "../browser/kernel-program.js";

const execute = promisify(execFile);
const NODES = fileURLToPath(new URL("../nodes/node_modules", import.meta.url));
const nodes = ["node-24", "node-26"].map((name) => ({ name, node: join(NODES, name, "bin", "node") }));
const missing = whatIsMissing();
// set where a machine without them is a failure and no reason to leave tests out: in CI
if (missing && process.env.ADJOINT_REQUIRE_WIDE === "1") throw new Error(missing);
const why = missing ? ` (not run: ${missing})` : "";

function whatIsMissing(): string | undefined {
  const lacking = nodes.filter(({ node }) => !existsSync(node)).map(({ name }) => name);
  if (lacking.length > 0) return `${lacking.join(" and ")} of test/nodes, which are for Linux on x64`;
  return / avx2 /.test(readFileSync("/proc/cpuinfo", "utf8")) ? undefined : "the processor has no AVX2";
}

let program: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "adjoint-wide-"));
  program = join(folder, "program.mjs");
  await writeFile(program, await bundleForNode("wide-program.ts"));
  return () => rm(folder, { recursive: true });
});

afterAll(async () => {
  await useBackend("reference");
});

describe.skipIf(missing)(`the wasm backend with vectors of 256 bits${why}`, () => {
  let kernels: KernelOutcome;
  let gan: GanOutcome;

  beforeAll(async () => {
    [kernels, gan] = [await runKernels(1), await trainGan(1)];
  });

  describe.each(nodes)("in $name", ({ node }) => {
    it.each([1, 3])("gives the bits of this Node without, and is used, on %i thread(s)", async (threads) => {
      const { stdout } = await execute(node, [program, String(threads)], { maxBuffer: 2 ** 24 });
      const outcome = JSON.parse(stdout);
      expect(outcome.info).toMatchObject({ name: "wasm", products: "wasm simd, 256-bit", threads });
      expect(outcome.kernels.sums).toEqual(kernels.sums);
      expect(outcome.gan.sums).toEqual(gan.sums);
      expect(outcome.relaxed[1]).toBe(outcome.relaxed[0]);
      expect(outcome.narrow).toEqual([true, true]);
    });

    it("takes no harm from flags of its own, and leaves them", async () => {
      const flags = ["--wasm-inlining", "--no-wasm_dynamic_tiering", "--stack-trace-limit=0"];
      const { stdout } = await execute(node, [...flags, program, "1"], { maxBuffer: 2 ** 24 });
      expect(JSON.parse(stdout).gan.sums).toEqual(gan.sums);
    });

    it("refuses where the processor has none", async () => {
      const running = execute(node, ["--no-enable-avx2", program, "1"]);
      await expect(running).rejects.toThrow("`wide` needs a processor with 256-bit vectors (AVX2)");
    });
  });
});

describe("`wide`", () => {
  it.skipIf(Number.parseInt(process.versions.node, 10) >= 24)("says which Node it needs", async () => {
    await expect(useBackend("wasm", { wide: true })).rejects.toThrow(
      `wasm: \`wide\` needs Node 24 or newer on x64; this is Node ${process.versions.node} on ${process.arch}`,
    );
  });

  it.skipIf(Number.parseInt(process.versions.node, 10) >= 24)("is not given up by auto", async () => {
    await expect(useBackend("auto", { wide: true })).rejects.toThrow("`wide` needs Node 24 or newer");
  });

  it("is not what one gets without asking", async () => {
    const { backend } = await useBackend("wasm", { threads: 1 });
    expect([backend.info().products, backend]).toMatchObject(["wasm simd", { wide: false }]);
    await backend.dispose();
  });
});

describe("tiles of two panels", () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await createEngine({ threads: 1 });
    return () => engine.dispose();
  });

  /** A product, with tiles of so many panels. */
  function product(panels: number, a: Float32Array, b: Float32Array, [m, n, k]: readonly number[]): Float32Array {
    engine.kernels.takePanels(panels);
    const sizes = [a.length, b.length, (m as number) * (n as number)];
    const [at, right, c] = sizes.map((size) => engine.memory.allocate(4 * size)) as [number, number, number];
    engine.floats(at, a.length).set(a);
    engine.floats(right, b.length).set(b);
    const spec = { m: m as number, n: n as number, k: k as number, transposeA: false, transposeB: false };
    engine.product({ a: at, b: right, c, ...spec });
    const result = engine.floats(c, sizes[2] as number).slice();
    [at, right, c].forEach((address, i) => {
      engine.memory.release(address, 4 * (sizes[i] as number));
    });
    return result;
  }

  it.each([2, 33, 515, 1031])("give the bits of tiles of one, at every edge, with an inner size of %i", (k) => {
    const random = new Random(k);
    for (let m = 2; m < 11; m++) {
      for (let n = 2; n < 42; n++) {
        const [a, b] = [m * k, k * n].map((size) => random.fillNormal(new Float32Array(size)));
        const sizes = [m, n, k];
        const [one, two] = [1, 2].map((panels) => product(panels, a as Float32Array, b as Float32Array, sizes));
        expect(two, `${m}×${k}×${n}`).toEqual(one);
      }
    }
  });
});
