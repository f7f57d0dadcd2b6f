// Handles: what stands for values on a device, as gpu.js hands them from kernel to kernel. On a processor (modes cpu
// and webasm) they are arrays; in the GL modes textures, each texel holding four values; on webgpu storage buffers.

/** Something that is there, or will be. */
export type Pending<T> = T | Promise<T>;

/** Values in the memory of the host. */
export type Values = Float32Array<ArrayBufferLike>;

/** What all of gpu.js's handles have. */
interface DeviceHandle {
  /** Its kind; gpu.js tells handles from arrays by it. */
  readonly type: string;
  readonly kernel: object;
  /** Lets go of the memory, which is freed when nobody else holds it. */
  delete(): void;
}

/** gpu.js's handle of a texture in WebGL. */
export interface TextureHandle extends DeviceHandle {
  readonly texture: object & { readonly _refs?: number };
  readonly context: WebGl;
  /** Width and height, in texels. */
  readonly size: Int32Array;
  readonly internalFormat: number;
  readonly textureFormat: number;
}

/** gpu.js's handle of a storage buffer in WebGPU. */
export interface BufferHandle extends DeviceHandle {
  readonly buffer: StorageBuffer;
  readonly context: { readonly device: WebGpuDevice; readonly isLost: boolean };
}

/** Values on a device. Nobody writes to them. */
export type Handle = Values | TextureHandle | BufferHandle;

/** A buffer of WebGPU. */
export interface StorageBuffer {
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}

/** What of a device of WebGPU is used here. */
export interface WebGpuDevice {
  readonly limits: { readonly maxStorageBufferBindingSize: number; readonly maxBufferSize: number };
  readonly queue: {
    submit(commands: readonly unknown[]): void;
    writeBuffer(buffer: StorageBuffer, offset: number, data: Values): void;
  };
  createBuffer(description: { readonly size: number; readonly usage: number }): StorageBuffer;
  createCommandEncoder(): {
    copyBufferToBuffer(from: StorageBuffer, start: number, to: StorageBuffer, at: number, size: number): void;
    finish(): unknown;
  };
}

/** What of a context of WebGL is used here. */
export interface WebGl {
  readonly [constant: string]: unknown;
  readonly RGBA: number;
  readonly FLOAT: number;
  readonly TEXTURE_2D: number;
  readonly TEXTURE0: number;
  isContextLost(): boolean;
  createFramebuffer(): object;
  deleteFramebuffer(framebuffer: object): void;
  bindFramebuffer(target: number, framebuffer: object | null): void;
  framebufferTexture2D(target: number, attachment: number, kind: number, texture: object, level: number): void;
  createTexture(): object;
  deleteTexture(texture: object): void;
  activeTexture(unit: number): void;
  bindTexture(target: number, texture: object | null): void;
  texParameteri(target: number, name: number, value: number): void;
  texImage2D(...settings: [number, number, number, number, number, number, number, number, Values | null]): void;
  pixelStorei(name: number, value: boolean | number): void;
  readPixels(...settings: [number, number, number, number, number, number, Values]): void;
  getParameter(name: number): unknown;
}
