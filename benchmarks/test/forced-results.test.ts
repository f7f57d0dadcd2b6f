// What the elementwise benchmark times is computed: a gpu backend puts an op off until its result is read.

import { tanh, tensor, useBackend } from "@adjoint/core";
import { afterAll, describe, expect, it, vi } from "vitest";
import { fromCall } from "../src/contestants/adjoint.js";

afterAll(async () => {
  await useBackend("reference");
});

describe("a call that the elementwise benchmark times", () => {
  it.each([
    ["gpu:cpu", 1],
    ["wasm", 0],
  ] as const)("reads its result on %s %i time(s), where that is what computes it", async (name, times) => {
    const { backend } = await useBackend(name);
    const x = tensor([0, 0.5]);
    const { call, result } = await fromCall(() => tanh(x), backend);
    expect(result[1]).toBeCloseTo(Math.tanh(0.5), 6);
    const read = vi.spyOn(backend, "read");
    await call();
    expect(read).toHaveBeenCalledTimes(times);
    await backend.dispose();
  });
});
