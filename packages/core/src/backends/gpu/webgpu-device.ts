// The memory of mode webgpu: storage buffers of the device that gpu.js shares, wrapped as its own handles.

import { BackendError } from "../../errors.js";
import { type Device, tooLarge } from "./device.js";
import type { BufferHandle, Handle, Values } from "./handle.js";

const STORAGE = 0x80;
const COPY_SOURCE = 0x4;
const COPY_TARGET = 0x8;
const MAP_READ = 0x1;

/** How gpu.js makes a handle. */
type HandleClass = new (
  parts: Pick<BufferHandle, "buffer" | "context" | "kernel"> & { readonly output: readonly number[] },
) => BufferHandle;

/** The memory of the device on which a first kernel ran. */
export class WebGpuMemory implements Device {
  readonly synchronous = false;
  readonly onHost = false;
  // of the eight storage buffers that every device binds, one is the result
  readonly mostArguments = 7;
  readonly #where: string;
  readonly #example: BufferHandle;

  /** @param example what a first kernel returned; its memory may be gone */
  constructor(where: string, example: BufferHandle) {
    this.#where = where;
    this.#example = example;
  }

  fits(size: number): boolean {
    return size * Float32Array.BYTES_PER_ELEMENT <= this.#mostBytes;
  }

  upload(values: Values): Handle {
    const { context, kernel } = this.#example;
    if (!this.fits(values.length)) throw tooLarge(this.#where, values.length, `${this.#mostBytes} bytes`);
    const usage = STORAGE | COPY_SOURCE | COPY_TARGET;
    const buffer = context.device.createBuffer({ size: values.byteLength, usage });
    context.device.queue.writeBuffer(buffer, 0, values);
    return this.#wrap({ buffer, context, kernel }, values.length);
  }

  async read(handle: Handle, size: number): Promise<Values> {
    const { buffer } = handle as BufferHandle;
    const { device } = this.#example.context;
    const bytes = size * Float32Array.BYTES_PER_ELEMENT;
    const staging = device.createBuffer({ size: bytes, usage: MAP_READ | COPY_TARGET });
    try {
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, 0, staging, 0, bytes);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(MAP_READ);
      return new Float32Array(staging.getMappedRange().slice(0));
    } finally {
      staging.destroy();
    }
  }

  release(handle: Handle): void {
    (handle as BufferHandle).delete();
  }

  /** The same buffer as so many values one after the other, whatever rows or tuples its kernel saw. */
  adopt(result: unknown, size: number): Handle {
    const handle = result as Partial<BufferHandle> | undefined;
    if (handle?.type !== "WebGPUBuffer") throw new BackendError(this.#where, "a kernel did not return a buffer");
    const flat = this.#wrap(handle as BufferHandle, size);
    (handle as BufferHandle).delete();
    return flat;
  }

  isLost(): boolean {
    return this.#example.context.isLost;
  }

  get #mostBytes(): number {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#example.context.device.limits;
    return Math.min(maxStorageBufferBindingSize, maxBufferSize);
  }

  #wrap({ buffer, context, kernel }: Pick<BufferHandle, "buffer" | "context" | "kernel">, size: number): BufferHandle {
    return new (this.#example.constructor as HandleClass)({ buffer, context, kernel, output: [size] });
  }
}
