// What a frozen discriminator costs: against a trainable one, against one that could not be trained at all, and
// against the products alone that remain.

import type { Contestant } from "../contestants/contestant.js";
import type { FreezingTask } from "../contestants/protocol.js";
import { checkAgreement, type InterleaveOptions, interleave } from "../harness.js";
import type { Comparison } from "../report.js";

const VARIANTS: readonly { readonly name: string; readonly variant: FreezingTask["variant"] }[] = [
  { name: "frozen", variant: "frozen" },
  { name: "constant: no parameters at all", variant: "constant" },
  { name: "the remaining products alone", variant: "products" },
  { name: "trainable", variant: "trainable" },
];
const SUBJECTS = ["generator update", "discriminator's input gradient"] as const;

/** A table for each of adjoint's fast backends and each subject. */
export async function* benchmarkFreezing(
  contestants: readonly Contestant[],
  options: InterleaveOptions,
): AsyncGenerator<Comparison> {
  const engines = contestants.filter(
    ({ spec }) => spec.library === "adjoint" && ["wasm", "blas"].includes(String(spec.backend)),
  );
  for (const contestant of engines) {
    for (const subject of SUBJECTS) yield await compareVariants(contestant, subject, options);
  }
}

async function compareVariants(
  contestant: Contestant,
  subject: FreezingTask["subject"],
  options: InterleaveOptions,
): Promise<Comparison> {
  let expected: Float32Array | undefined;
  const candidates = [];
  for (const { name, variant } of VARIANTS) {
    const loss = await contestant.prepare(name, { kind: "freezing", subject, variant });
    if (variant !== "products") {
      expected ??= loss;
      checkAgreement(`${subject}, ${name}`, loss, expected, 1e-6);
    }
    candidates.push({ name, time: (calls: number) => contestant.time(name, calls) });
  }
  const measurements = await interleave(candidates, options);
  for (const { name } of candidates) await contestant.forget(name);
  return {
    title: `What freezing saves: ${subject}, ${contestant.name}`,
    note: "The loss is the same. Batch 128; a frozen discriminator's weight gradients are never computed.",
    measurements,
  };
}
