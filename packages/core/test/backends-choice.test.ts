// Choosing a backend: by name or the fastest, never silently another one; and no op across two of them.

import {
  ArgumentError,
  type Backend,
  BackendError,
  type BackendName,
  backendNames,
  currentBackend,
  DTypeError,
  matmul,
  ReferenceBackend,
  tensor,
  useBackend,
  WasmBackend,
  withBackend,
  zeros,
} from "@adjoint/core";
import { afterEach, describe, expect, it } from "vitest";
import { StrictBackend } from "./support/strict-backend.js";

afterEach(async () => {
  await useBackend("reference");
});

describe("useBackend", () => {
  it("is not needed: without it, tensors are float32 on the wasm backend", async () => {
    expect(currentBackend()).toBeInstanceOf(WasmBackend);
    expect(currentBackend()).toBe(currentBackend());
    expect([zeros([1]).backend.name, zeros([1]).dtype]).toEqual(["wasm", "float32"]);
    expect((await useBackend("wasm")).backend).toBe(zeros([1]).backend);
  });

  it("takes a backend by its name, and says so", async () => {
    const { backend, reason } = await useBackend("reference:float64");
    expect([backend.name, reason, currentBackend()]).toEqual(["reference:float64", "asked for by name", backend]);
    expect([zeros([1]).dtype, zeros([1], { dtype: "float32" }).dtype]).toEqual(["float64", "float32"]);
    expect((await useBackend("gpu:cpu")).backend.name).toBe("gpu:cpu");
  });

  it("gives the same backend again, so that tensors made before stay usable", async () => {
    for (const name of ["wasm", "reference", "gpu:cpu"] as const) {
      const { backend } = await useBackend(name);
      const x = tensor([1, 2]);
      await useBackend("reference:float64");
      expect((await useBackend(name)).backend).toBe(backend);
      expect(Array.from(await x.add(tensor([1, 1])).data())).toEqual([2, 3]);
    }
  });

  it.each(["wasm", "gpu:cpu"] as const)("starts %s once for all who ask at the same time", async (name) => {
    await (await useBackend(name)).backend.dispose();
    const choices = await Promise.all([useBackend(name), useBackend(name), useBackend(name)]);
    expect(new Set(choices.map(({ backend }) => backend)).size).toBe(1);
    expect(currentBackend()).toBe(choices[0].backend);
    expect((await useBackend(name)).backend).toBe(choices[0].backend);
  });

  it("starts gpu's mode once for who asks for it by name and for who leaves the choice to it", async () => {
    const { backend } = await useBackend("gpu");
    await backend.dispose();
    const name = backend.name as BackendName;
    const choices = await Promise.all([useBackend("gpu"), useBackend(name)]);
    expect(choices[0].backend).toBe(choices[1].backend);
    expect(choices[0].backend.disposed).toBe(false);
  });

  it.each(["wasm", "gpu:cpu"] as const)(
    "%s starts anew after it was disposed, and the old refuses work",
    async (name) => {
      const { backend } = await useBackend(name);
      const x = zeros([2, 2]);
      await backend.dispose();
      expect(backend.disposed).toBe(true);
      expect(() => matmul(x, x)).toThrow(BackendError);
      expect(x.toString()).toBe(`Tensor [2,2] float32 (its backend ${name} was disposed)`);
      const renewed = (await useBackend(name)).backend;
      expect(renewed).not.toBe(backend);
      expect(Array.from(await matmul(tensor([[2]]), tensor([[3]])).data())).toEqual([6]);
    },
  );

  it("starts wasm with the threads asked for, and gives the same again for the same number", async () => {
    const { backend } = await useBackend("wasm", { threads: 3 });
    expect(backend.info().threads).toBe(3);
    expect((await useBackend("wasm", { threads: 3 })).backend).toBe(backend);
    expect((await useBackend("wasm")).backend).toBe(backend);
    const alone = (await useBackend("wasm", { threads: 1 })).backend;
    expect([alone === backend, alone.info().threads]).toEqual([false, 1]);
    await backend.dispose();
  });

  it.each([0, 65, 1.5, Number.NaN])("refuses %d threads, and keeps the backend there was", async (threads) => {
    const before = currentBackend();
    const message = `wasm: threads must be a whole number in [1, 64], got ${threads}`;
    await expect(useBackend("wasm", { threads })).rejects.toThrow(new BackendError("wasm", message.slice(6)));
    expect(currentBackend()).toBe(before);
  });

  it("refuses a name that is none, and keeps the backend there was", async () => {
    const before = currentBackend();
    const choice = useBackend("tpu" as BackendName);
    await expect(choice).rejects.toThrow(ArgumentError);
    await expect(choice).rejects.toThrow(`useBackend: "tpu" is not a backend; known are ${backendNames().join(", ")}`);
    expect(currentBackend()).toBe(before);
  });

  it("knows the names of its type", () => {
    expect(backendNames()).toEqual(
      expect.arrayContaining(["auto", "wasm", "reference", "reference:float64", "gpu", "gpu:webasm"]),
    );
    expect(new Set(backendNames()).size).toBe(backendNames().length);
  });

  it("gives what was asked for by name or an error that says what is missing, nothing else", async () => {
    const modes = backendNames().filter((name) => name.startsWith("gpu:"));
    for (const name of modes) {
      const before = currentBackend();
      try {
        const { backend } = await useBackend(name);
        expect(backend.name).toBe(name);
        await backend.dispose();
      } catch (error) {
        expect(error).toBeInstanceOf(BackendError);
        expect((error as Error).message).toMatch(new RegExp(`^${name}: .{20,}`));
        expect(currentBackend()).toBe(before);
      }
      await useBackend("reference");
    }
  });

  it("auto takes one that works, says which and why, and measures once", async () => {
    const { backend, reason } = await useBackend("auto");
    expect(["wasm", "blas"]).toContain(backend.name);
    // with numbers where there were two to choose from, else with what is missing
    expect(reason).toMatch(
      /^auto took (wasm|blas): (a small training step took [\d.]+ ms on wasm, [\d.]+ ms on blas|blas: .{10,})/,
    );
    expect(reason.startsWith(`auto took ${backend.name}: `)).toBe(true);
    expect(backend).toBe((await useBackend(backend.name as BackendName)).backend);
    expect(currentBackend()).toBe(backend);
    expect(Array.from(await matmul(tensor([[2]]), tensor([[3]])).data())).toEqual([6]);
    expect(await useBackend("auto")).toEqual({ backend, reason });
    await backend.dispose();
    const again = await useBackend("auto");
    expect([again.backend.name, again.backend.disposed, again.reason]).toEqual([backend.name, false, reason]);
    const { backend: gpu, reason: why } = await useBackend("gpu");
    expect(why).toBe(`gpu took ${gpu.name}, the fastest of its modes that works here`);
  });

  it("auto chooses among what it is told to, and leaves those in use alone", async () => {
    const { backend: used } = await useBackend("reference");
    const x = tensor([1, 2]);
    const { backend, reason } = await useBackend("auto", { among: ["reference", "wasm"], threads: 1 });
    expect([backend.name, backend.info().threads]).toEqual(["wasm", 1]);
    expect(reason).toMatch(/^auto took wasm: a small training step took [\d.]+ ms on reference, [\d.]+ ms on wasm$/);
    expect([used.disposed, Array.from(await x.mul(2).data())]).toEqual([false, [2, 4]]);
    await backend.dispose();
  });

  it("auto starts one for all who ask at the same time", async () => {
    const choices = await Promise.all([useBackend("auto"), useBackend("auto")]);
    expect(choices[0]).toEqual(choices[1]);
    expect(choices[0].backend).toBe(choices[1].backend);
  });

  it("auto says what is missing where nothing of what it is told is here, and keeps the backend there was", async () => {
    const before = currentBackend();
    const choice = useBackend("auto", { among: ["gpu:webgl2"] });
    await expect(choice).rejects.toThrow(
      /^auto: none of gpu:webgl2 works here\n {2}gpu:webgl2: WebGL 2 is for browsers/,
    );
    for (const among of [[], ["auto"], ["tpu"]]) {
      const wrong = useBackend("auto", { among: among as [] });
      await expect(wrong).rejects.toThrow(/^useBackend: `among` (is empty|has "(auto|tpu)"); it takes wasm, blas, /);
    }
    expect(currentBackend()).toBe(before);
  });
});

describe("withBackend", () => {
  const other: Backend = new StrictBackend({ name: "other" });

  it("makes tensors on another backend for the length of a function, and returns its result", () => {
    const before = currentBackend();
    expect(withBackend(other, () => zeros([1]).backend)).toBe(other);
    expect(currentBackend()).toBe(before);
  });

  it("restores the former one when its function throws, and when it nests", () => {
    const before = currentBackend();
    const fails = () => {
      throw new Error("of its own");
    };
    withBackend(other, () => {
      const inner = new ReferenceBackend();
      expect(() => withBackend(inner, fails)).toThrow("of its own");
      expect(currentBackend()).toBe(other);
    });
    expect(currentBackend()).toBe(before);
  });

  it("refuses a function that returns a promise", () => {
    expect(() => withBackend(other, async () => 1)).toThrow(
      "withBackend: its function must be synchronous, got a promise",
    );
    expect(currentBackend()).not.toBe(other);
  });
});

describe("tensors of two backends", () => {
  const here = withBackend(new ReferenceBackend(), () => tensor([1, 2]));
  const there = withBackend(new StrictBackend({ name: "elsewhere", dtype: "float32" }), () => tensor([3, 4]));

  it("are refused by every op, naming both", () => {
    expect(() => here.add(there)).toThrow(BackendError);
    expect(() => here.add(there)).toThrow(
      "add: operands live on different backends: reference × elsewhere; make both after the same useBackend",
    );
    expect(() => matmul(there.reshape([1, 2]), here.reshape([2, 1]))).toThrow(
      "matmul: operands live on different backends: elsewhere × reference",
    );
  });

  it("run where they live, whatever backend is current", () => {
    expect(there.mul(2).add(there).backend.name).toBe("elsewhere");
    expect(here.exp().backend.name).toBe("reference");
  });

  it("of two element types are refused too", () => {
    const double = withBackend(here.backend, () => tensor([1, 2], { dtype: "float64" }));
    expect(() => here.add(double)).toThrow(DTypeError);
    expect(() => here.add(double)).toThrow("add: element types differ: float32 × float64");
  });
});

describe("an asynchronous backend", () => {
  const x = withBackend(new StrictBackend({ name: "late", synchronous: false, dtype: "float32" }), () => tensor([7]));

  it("is read by awaiting, and says so where one does not", async () => {
    expect(Array.from(await x.data())).toEqual([7]);
    expect(await x.item()).toBe(7);
    expect(() => x.dataSync()).toThrow(BackendError);
    expect(() => x.dataSync()).toThrow("dataSync: late answers asynchronously: call await data() instead");
    expect(() => x.itemSync()).toThrow("itemSync: late answers asynchronously: call await item() instead");
  });
});

describe("reading one element", () => {
  it("takes tensors of one element, of any rank, and refuses others", async () => {
    expect([tensor([[3]]).itemSync(), await tensor(4).item()]).toEqual([3, 4]);
    const refusal = "needs a tensor of one element, got [2]; read it with data()";
    expect(() => zeros([2]).itemSync()).toThrow(`itemSync: ${refusal}`);
    await expect(zeros([2]).item()).rejects.toThrow(`item: ${refusal}`);
  });

  it("hands out copies", () => {
    const x = tensor([1, 2]);
    x.dataSync()[0] = 9;
    expect(Array.from(x.dataSync())).toEqual([1, 2]);
  });
});
