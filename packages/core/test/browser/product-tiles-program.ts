// Every tile of webgpu, also those that the device at hand would not be given.

import type { MatmulSpec } from "../../src/backends/backend.js";
import { loadGpuJs } from "../../src/backends/gpu/gpu-js.js";
import { ON_GPU, ON_PROCESSOR, type Tile } from "../../src/backends/gpu/product-tiles.js";
import { openRuntime } from "../../src/backends/gpu/runtime.js";
import { WebGpuProducts } from "../../src/backends/gpu/webgpu-products.js";
import { Random } from "../../src/random.js";
import { operandSizes, randomValues, specOf } from "../backends/product-support.js";
import { type Findings, wrongCells } from "./product-program.js";

const TILES: readonly Tile[] = [ON_GPU, ON_PROCESSOR].flatMap(({ square, tall, wide }) => [...square, tall, wide]);

/** Beyond the edges of every tile in all ways of storing operands, within them, and in batches. */
const SPECS: readonly MatmulSpec[] = [
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => specOf(133, 37, 130, { transposeA, transposeB })),
  ),
  specOf(128, 32, 128),
  specOf(9, 18, 20, { batch: 2, sharedA: true, transposeB: true }),
];

/** Products by every tile. */
export async function checkTiles(): Promise<Findings> {
  const runtime = await openRuntime(await loadGpuJs("the test"), "webgpu");
  const { device, products } = runtime;
  if (!(products instanceof WebGpuProducts)) return ["the mode has no products of its own"];
  const findings: string[] = [];
  for (const tile of TILES) {
    for (const spec of SPECS) {
      const random = new Random(spec.m);
      const [a, b] = operandSizes(spec).map((size) => randomValues(random, size)) as [Float32Array, Float32Array];
      const handles = { a: device.upload(a), b: device.upload(b) };
      const result = await products.multiply(handles, spec, undefined, tile);
      const values = await device.read(result, spec.batch * spec.m * spec.n);
      const what = Object.values(tile).join();
      findings.push(...wrongCells(values, a, b, spec).map((finding) => `tile ${what}: ${finding}`));
      for (const handle of [handles.a, handles.b, result]) device.release(handle);
    }
  }
  await runtime.close();
  return findings;
}
