// Products of mode webgpu: kernels of our own on the device and the buffers of gpu.js, which has neither register tiles
// nor vectors nor shared memory.

import { BackendError } from "../../errors.js";
import type { Activation, MatmulSpec } from "../backend.js";
import type { DeviceProducts, ProductHandles } from "./device-products.js";
import type { BufferHandle, StorageBuffer, WebGpuDevice } from "./handle.js";
import { canFuse, type Ending, endingKey } from "./product-epilogue.js";
import { chooseTile, groupsOf, type Tile } from "./product-tiles.js";
import { webGpuProductSource } from "./webgpu-product-source.js";

const STORAGE = 0x80;
const COPY_SOURCE = 0x4;
const COPY_TARGET = 0x8;

/** Kernels that are kept. */
const MOST_KERNELS = 256;

/** What a kernel of WebGPU is run with. */
interface ComputePipeline {
  getBindGroupLayout(index: number): object;
}

/** What of a device is used here, beyond its memory. */
interface ComputeDevice extends WebGpuDevice {
  readonly limits: WebGpuDevice["limits"] & { readonly maxComputeWorkgroupsPerDimension: number };
  pushErrorScope(filter: "validation"): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
  createShaderModule(description: { readonly code: string }): object;
  createComputePipeline(description: {
    readonly layout: "auto";
    readonly compute: { readonly module: object; readonly entryPoint: string };
  }): ComputePipeline;
  createBindGroup(description: {
    readonly layout: object;
    readonly entries: readonly { readonly binding: number; readonly resource: { readonly buffer: StorageBuffer } }[];
  }): object;
  createCommandEncoder(): ReturnType<WebGpuDevice["createCommandEncoder"]> & {
    beginComputePass(): {
      setPipeline(pipeline: ComputePipeline): void;
      setBindGroup(index: number, group: object): void;
      dispatchWorkgroups(x: number, y: number, z: number): void;
      end(): void;
    };
  };
}

/** How gpu.js makes a handle. */
type HandleClass = new (
  parts: Pick<BufferHandle, "buffer" | "context" | "kernel"> & { readonly output: readonly number[] },
) => BufferHandle;

/** A kernel, and whether the device took it. */
interface Kernel {
  readonly pipeline: ComputePipeline;
  readonly groups: readonly [number, number, number];
  readonly accepted: Promise<void>;
}

/** Multiplies on one device. */
export class WebGpuProducts implements DeviceProducts {
  readonly #where: string;
  readonly #device: ComputeDevice;
  readonly #onProcessor: boolean;
  /** In the order in which they were last used. */
  readonly #kernels = new Map<string, Kernel>();

  /**
   * @param device the device of gpu.js
   * @param onProcessor whether a processor plays it: other tiles are fast there
   */
  constructor(where: string, device: WebGpuDevice, { onProcessor }: { readonly onProcessor: boolean }) {
    this.#where = where;
    this.#device = device as ComputeDevice;
    this.#onProcessor = onProcessor;
  }

  takes(spec: MatmulSpec, activation?: Activation): boolean {
    const groups = groupsOf(spec, chooseTile(spec, this.#onProcessor));
    const fits = Math.max(...groups) <= this.#device.limits.maxComputeWorkgroupsPerDimension;
    return fits && (!activation || canFuse(activation));
  }

  /** @param tile what a thread computes; by default what suits the product and the device */
  async multiply(
    operands: ProductHandles,
    spec: MatmulSpec,
    activation?: Activation,
    tile: Tile = chooseTile(spec, this.#onProcessor),
  ): Promise<BufferHandle> {
    const [a, b] = [operands.a as BufferHandle, operands.b as BufferHandle];
    const bias = operands.bias as BufferHandle | undefined;
    const size = spec.batch * spec.m * spec.n;
    this.#checkSize(size);
    const { pipeline, groups, accepted } = this.#kernelOf(spec, tile, { biased: bias !== undefined, activation });
    const usage = STORAGE | COPY_SOURCE | COPY_TARGET;
    const buffer = this.#device.createBuffer({ size: size * Float32Array.BYTES_PER_ELEMENT, usage });
    const handle = new (a.constructor as HandleClass)({ buffer, context: a.context, kernel: a.kernel, output: [size] });
    try {
      this.#submit(pipeline, groups, [a.buffer, b.buffer, buffer, ...(bias ? [bias.buffer] : [])]);
      await accepted;
      return handle;
    } catch (error) {
      handle.delete();
      throw error;
    }
  }

  close(): void {
    this.#kernels.clear();
  }

  #submit(pipeline: ComputePipeline, groups: Kernel["groups"], buffers: readonly StorageBuffer[]): void {
    const device = this.#device;
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(...groups);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }

  #checkSize(size: number): void {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#device.limits;
    const most = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    const bytes = size * Float32Array.BYTES_PER_ELEMENT;
    if (bytes <= most) return;
    throw new BackendError(this.#where, `matmul: a result of ${bytes} bytes is more than a buffer holds here, ${most}`);
  }

  /** A kernel that is kept, now the last one used, or a new one. */
  #kernelOf(spec: MatmulSpec, tile: Tile, ending: Ending): Kernel {
    const key = keyOf(spec, tile, ending);
    const kernel = this.#kernels.get(key) ?? this.#makeKernel(spec, tile, ending);
    this.#kernels.delete(key);
    this.#kernels.set(key, kernel);
    for (const oldest of this.#kernels.keys()) {
      if (this.#kernels.size <= MOST_KERNELS) break;
      this.#kernels.delete(oldest);
    }
    return kernel;
  }

  #makeKernel(spec: MatmulSpec, tile: Tile, ending: Ending): Kernel {
    const device = this.#device;
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ code: webGpuProductSource(spec, tile, ending) });
    const pipeline = device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
    const accepted = device.popErrorScope().then((error) => {
      if (error) throw new BackendError(this.#where, `matmul: a kernel was refused: ${error.message}`);
    });
    return { pipeline, groups: groupsOf(spec, tile), accepted };
  }
}

/** What tells one kernel from another. */
function keyOf(spec: MatmulSpec, { rows, vectors, across, down, depth }: Tile, ending: Ending): string {
  const { batch, m, n, k, transposeA, transposeB, sharedA, sharedB } = spec;
  const flags = [transposeA, transposeB, sharedA, sharedB].map(Number).join("");
  return `${batch}×${m}×${k}×${n} ${flags} ${rows}×${vectors} ${across}×${down} ${depth}${endingKey(ending)}`;
}
