// One suite for all backends that Node has: see support/backend-suite.ts. A backend that cannot be had here is skipped, and
// its title says why. The gpu backend's modes that need a GPU, or a program that plays one, have files of their own (gpu).

import { afterAll, describe, expect, it } from "vitest";
import { describeBackend } from "./support/backend-suite.js";
import { startBackends } from "./support/backends.js";

const { available, missing } = await startBackends();

afterAll(async () => {
  for (const { name, backend } of available) if (name !== "reference") await backend.dispose();
});

for (const { name, reason } of missing) {
  it.skip(`${name} gives what float64 gives (not run: ${reason})`);
}

it("the backends that need no GPU are among those that run", () => {
  expect(available.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["wasm", "reference", "gpu:webasm", "gpu:cpu"]),
  );
});

describe.each(available.map(({ name, backend }) => [name, backend] as const))("%s", (name, backend) => {
  describeBackend(name, () => backend);
});
