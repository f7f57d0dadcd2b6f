// Storage buffers of WebGPU that are given up, kept for the next one of their size. A device makes and clears each new
// one: on an H100 that took longer for one of 4 MiB than the product of 1024³ that it is for, and a third of a GAN's step.

import type { StorageBuffer, WebGpuDevice } from "./handle.js";

/** Bytes of buffers that wait: enough for the steps of a training, and little for what has a GPU. */
const MOST_BYTES = 256 * 2 ** 20;
/** What a buffer is for: kernels, and copies. One that a program maps is not for the next. */
const STORAGE = 0x80;
const COPY = 0x4 | 0x8;

const reusing = new WeakSet<WebGpuDevice>();

/**
 * Makes a device keep the storage buffers that are destroyed, gpu.js's own too, for whoever asks for one of that size and
 * use next. Such a buffer is not cleared: who asks for it must write all of it before it is read. Work reaches the device
 * in order, so what was handed in before still finds the old values.
 *
 * @param most bytes of buffers that wait at the same time; of more, those go whose size was asked for longest ago
 */
export function reuseBuffers(device: WebGpuDevice, most = MOST_BYTES): void {
  if (reusing.has(device)) return;
  reusing.add(device);
  /** By size and use, in the order in which those were last asked for. */
  const waiting = new Map<string, { readonly size: number; readonly buffers: Reusable[] }>();
  let bytes = 0;
  const create = device.createBuffer.bind(device);

  const makeRoom = (): void => {
    for (const [key, { size, buffers }] of waiting) {
      while (bytes > most && buffers.length > 0) {
        buffers.pop()?.end();
        bytes -= size;
      }
      if (bytes <= most) return;
      waiting.delete(key);
    }
  };

  device.createBuffer = (description) => {
    const { size, usage } = description;
    if (!(usage & STORAGE) || usage & ~(STORAGE | COPY)) return create(description);
    const key = `${size} ${usage}`;
    const same = waiting.get(key) ?? { size, buffers: [] };
    // now the one that was asked for last
    waiting.delete(key);
    waiting.set(key, same);
    const found = same.buffers.pop();
    if (found) {
      bytes -= size;
      return found.begin();
    }
    const buffer = create(description);
    const reusable = new Reusable(buffer, () => {
      bytes += size;
      const { buffers } = waiting.get(key) ?? same;
      waiting.set(key, { size, buffers });
      buffers.push(reusable);
      makeRoom();
    });
    return reusable.begin();
  };
}

/** A buffer whose `destroy` gives it back. */
class Reusable {
  readonly #buffer: StorageBuffer;
  readonly #destroy: () => void;
  #inUse = false;

  constructor(buffer: StorageBuffer, giveBack: () => void) {
    this.#buffer = buffer;
    this.#destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      // as with any buffer, a second time does nothing
      if (!this.#inUse) return;
      this.#inUse = false;
      giveBack();
    };
  }

  begin(): StorageBuffer {
    this.#inUse = true;
    return this.#buffer;
  }

  /** Destroys it indeed. */
  end(): void {
    this.#destroy();
  }
}
