// ±0, ±∞, NaN, the largest and the smallest numbers through every op, forward and back, on every backend that runs in
// Node without a GPU, beside PyTorch's values. The modes that need a GPU are in test/gpu.

import { ReferenceBackend } from "@adjoint/core";
import { afterAll, describe, it } from "vitest";
import { startBackends } from "./support/backends.js";
import { describeSpecialValues } from "./support/special-suite.js";

const { available, missing } = await startBackends();

afterAll(async () => {
  for (const { name, backend } of available) if (name !== "reference") await backend.dispose();
});

for (const { name, reason } of missing) {
  it.skip(`${name} gives what PyTorch gives (not run: ${reason})`);
}

describe.each(available)("special values on $name", ({ name, backend }) => {
  describeSpecialValues(name, () => backend, { flushes: name === "gpu:headlessgl" });
});

describe("special values on reference:float64", () => {
  const backend = new ReferenceBackend({ dtype: "float64" });
  describeSpecialValues("reference:float64", () => backend, { dtype: "float64" });
});
