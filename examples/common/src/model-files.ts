// The trained models as safetensors files, under the names of the library asked for.

import type { Module } from "@adjoint/core";
import { type Layout, toArrays, toLayout, writeSafetensors } from "@adjoint/core/io";

/** The name of a model's file in the run's folder. */
export function modelFile(name: string): string {
  return `${name}.safetensors`;
}

/** All models' files by name, with the weights as they are when this is called. */
export async function createModelFiles(
  models: Readonly<Record<string, Module>>,
  layout: Layout,
): Promise<Map<string, Uint8Array>> {
  const metadata = [["layout", layout]] as const;
  const writing = Object.entries(models).map(async ([name, model]) => {
    return [modelFile(name), writeSafetensors(await toArrays(toLayout(model, layout)), { metadata })] as const;
  });
  return new Map(await Promise.all(writing));
}
