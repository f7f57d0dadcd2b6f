import { describe, expect, it } from "vitest";
import { reuseBuffers } from "./buffer-reuse.js";
import type { StorageBuffer, WebGpuDevice } from "./handle.js";

const [MAP_READ, COPY_TARGET, STORAGE] = [0x1, 0x8, 0x80];

/** A device that counts. */
function fakeDevice() {
  const destroyed: object[] = [];
  let made = 0;
  const createBuffer = (): StorageBuffer => {
    made++;
    const buffer: StorageBuffer = {
      mapAsync: async () => {},
      getMappedRange: () => new ArrayBuffer(0),
      unmap: () => {},
      destroy: () => void destroyed.push(buffer),
    };
    return buffer;
  };
  const device = { createBuffer } as unknown as WebGpuDevice;
  return { device, destroyed, made: () => made };
}

describe("storage buffers that are given up", () => {
  it("are the next ones of their size and use, once each", () => {
    const { device, destroyed, made } = fakeDevice();
    reuseBuffers(device);
    const ask = (size: number, usage = STORAGE) => device.createBuffer({ size, usage });
    const first = ask(16);
    first.destroy();
    first.destroy();
    expect(ask(16, STORAGE | COPY_TARGET)).not.toBe(first);
    expect(ask(32)).not.toBe(first);
    expect(ask(16)).toBe(first);
    expect(ask(16)).not.toBe(first);
    expect([made(), destroyed.length]).toEqual([4, 0]);
  });

  it("leave buffers alone that a program maps", () => {
    const { device, destroyed } = fakeDevice();
    reuseBuffers(device);
    const staging = device.createBuffer({ size: 16, usage: MAP_READ | COPY_TARGET });
    staging.destroy();
    expect(destroyed).toEqual([staging]);
  });

  it("are destroyed where too many wait, those first whose size was asked for longest ago", () => {
    const { device, destroyed } = fakeDevice();
    reuseBuffers(device, 100);
    const ask = (size: number) => device.createBuffer({ size, usage: STORAGE });
    const [old, older, young] = [ask(40), ask(30), ask(50)] as const;
    ask(40);
    for (const buffer of [old, older, young]) buffer.destroy();
    expect(destroyed).toEqual([older]);
    expect(ask(50)).toBe(young);
    expect(ask(40)).toBe(old);
  });

  it("are kept by a device once, however many use it", () => {
    const { device, made } = fakeDevice();
    reuseBuffers(device);
    reuseBuffers(device);
    const buffer = device.createBuffer({ size: 16, usage: STORAGE });
    buffer.destroy();
    expect(device.createBuffer({ size: 16, usage: STORAGE })).toBe(buffer);
    expect(made()).toBe(1);
  });
});
