// Models and optimizers compared to the last bit.

import type { Module, Optimizer } from "@adjoint/core";

/** All bits of a model's weights, or of an optimizer's state, by name. */
export function bits(of: Module | Optimizer): Map<string, Buffer> {
  return new Map([...of.stateDict()].map(([name, value]) => [name, Buffer.from(value.dataSync().buffer)]));
}

/** The names whose bits differ. */
export function changed(before: Map<string, Buffer>, after: Map<string, Buffer>): string[] {
  return [...after.keys()].filter((name) => !before.get(name)?.equals(after.get(name) as Buffer));
}
