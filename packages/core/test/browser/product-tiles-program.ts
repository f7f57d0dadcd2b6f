// Every tile of webgpu, also those that the device at hand would not be given.

import * as gpuJs from "gpu.js";
import type { MatmulSpec } from "../../src/backends/backend.js";
import { loadGpuJs } from "../../src/backends/gpu/gpu-js.js";
import { ON_GPU, ON_PROCESSOR, type Tile } from "../../src/backends/gpu/product-tiles.js";
import { openRuntime } from "../../src/backends/gpu/runtime.js";
import { WebGpuProducts } from "../../src/backends/gpu/webgpu-products.js";
import { Random } from "../../src/random.js";
import { operandSizes, randomValues, specOf } from "../backends/product-support.js";
import { type Findings, wrongCells } from "./product-program.js";

const ALL: readonly Tile[] = [ON_GPU, ON_PROCESSOR].flatMap(({ square, tall, wide }) => [...square, tall, wide]);
/** Each once. */
const TILES = [...new Map(ALL.map((tile) => [Object.values(tile).join(), tile]))];

/** All ways of storing both operands, beyond the edges of every tile; less than a tile. */
const MORE_SPECS: readonly MatmulSpec[] = [
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => specOf(133, 37, 130, { transposeA, transposeB })),
  ),
  specOf(9, 18, 20, { batch: 2, sharedA: true, transposeB: true }),
];

/**
 * Either way of storing each operand, what lies beyond the edges of every tile, rows that are whole vectors and those
 * that are not, members of a batch; and a product that tiles fill. The text of a kernel that reads A knows nothing of B.
 */
const SPECS: readonly MatmulSpec[] = [
  specOf(133, 37, 130, { batch: 2, transposeB: true, sharedB: true }),
  specOf(133, 18, 132, { batch: 2, transposeA: true, sharedA: true }),
  specOf(128, 32, 128),
];

/** Products by every tile; `long` leaves out no combination. */
export async function checkTiles(long: boolean): Promise<Findings> {
  const runtime = await openRuntime(await loadGpuJs("the test", gpuJs), "webgpu");
  const { device, products } = runtime;
  if (!(products instanceof WebGpuProducts)) return ["the mode has no products of its own"];
  const findings: string[] = [];
  for (const [what, tile] of TILES) {
    for (const spec of long ? [...SPECS, ...MORE_SPECS] : SPECS) {
      const random = new Random(spec.m);
      const [a, b] = operandSizes(spec).map((size) => randomValues(random, size)) as [Float32Array, Float32Array];
      const handles = { a: device.upload(a), b: device.upload(b) };
      const result = await products.multiply(handles, spec, undefined, tile);
      const values = await device.read(result, spec.batch * spec.m * spec.n);
      findings.push(...wrongCells(values, a, b, spec).map((finding) => `tile ${what}: ${finding}`));
      for (const handle of [handles.a, handles.b, result]) device.release(handle);
    }
  }
  await runtime.close();
  return findings;
}
