// The GPU of this machine from Node, through WebGPU, against this machine's processor.

import { availableParallelism } from "node:os";
import { Random } from "@adjoint/core";
import { Contestant } from "../contestants/contestant.js";
import type { NotRun } from "../contestants/roster.js";
import type { InterleaveOptions } from "../harness.js";
import { type Comparison, rate } from "../report.js";
import { compare, messageOf, type Work } from "./compare.js";
import { ganOperations, ganTask } from "./gan.js";

const PRODUCT_SIZES = [512, 1024, 2048, 4096];
const QUICK_PRODUCT_SIZES = [256, 512];
const GANS = [
  { batchSize: 128, width: 128 },
  { batchSize: 1024, width: 1024 },
];
const PRODUCT_TOLERANCE = 1e-5;
const GAN_TOLERANCE = 1e-3;

/** What is run, and what it is compared with. */
export interface GpuOptions extends InterleaveOptions {
  /** Small sizes alone: whether everything runs. */
  readonly quick: boolean;
  /** The float32 peak of the device, in TFLOP/s, by its data sheet. */
  readonly peak?: number | undefined;
}

/** Shows one comparison after the other; returns who took no part. */
export async function benchmarkGpu(
  options: GpuOptions,
  show: (comparison: Comparison) => void,
): Promise<readonly NotRun[]> {
  const threads = availableParallelism();
  const contestants: Contestant[] = [];
  const missing: NotRun[] = [];
  try {
    for (const backend of ["wasm", "blas", "gpu:webgpu"]) {
      const name = `adjoint ${backend}`;
      const contestant = new Contestant(name, { library: "adjoint", backend, threads });
      const about = await contestant.about().catch((error: unknown) => messageOf(error));
      if (typeof about === "object") contestants.push(contestant);
      else missing.push({ name: `${name} from Node`, reason: about });
    }
    // without the device there is nothing to compare
    if (!contestants.some(({ spec }) => spec.backend === "gpu:webgpu")) return missing;
    for await (const work of worksOf(options))
      show(withShareOfPeak(await compare(contestants, work, options), options));
    return missing;
  } finally {
    for (const contestant of contestants) contestant.close();
  }
}

async function* worksOf({ quick }: GpuOptions): AsyncGenerator<Work> {
  for (const size of quick ? QUICK_PRODUCT_SIZES : PRODUCT_SIZES) {
    const random = new Random(1);
    const [a, b] = [random.fillNormal(new Float32Array(size ** 2)), random.fillNormal(new Float32Array(size ** 2))];
    yield {
      title: `On the GPU, from Node: product ${size}×${size}×${size}`,
      task: { kind: "product", m: size, k: size, n: size, transposeA: false, a, b },
      tolerance: PRODUCT_TOLERANCE,
      operations: 2 * size ** 3,
    };
  }
  for (const { batchSize, width } of quick ? GANS.slice(0, 1) : GANS) {
    yield {
      title: `On the GPU, from Node: one GAN iteration, batch ${batchSize}, width ${width}`,
      task: await ganTask(batchSize, width),
      tolerance: GAN_TOLERANCE,
      operations: ganOperations(batchSize, width),
    };
  }
}

function withShareOfPeak(comparison: Comparison, { peak }: GpuOptions): Comparison {
  const device = comparison.measurements.find(({ name }) => name.includes("gpu"));
  if (!device || peak === undefined) return comparison;
  const share = Number(rate(Number(comparison.operations), device)) / (1000 * peak);
  return { ...comparison, note: `On the device: ${(100 * share).toFixed(1)} % of ${peak} TFLOP/s.` };
}
