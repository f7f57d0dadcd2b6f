// The trained models as safetensors files, under the names of the library asked for.

import { type Layout, toArrays, toLayout, writeSafetensors } from "@adjoint/core/io";
import type { GanModels } from "./models.js";
import { RUN_FILES } from "./run/run-folder.js";

/** Both models' files by name, with the weights as they are when this is called. */
export async function createModelFiles(models: GanModels, layout: Layout): Promise<Map<string, Uint8Array>> {
  const metadata = [["layout", layout]] as const;
  const named = [
    [RUN_FILES.generator, models.generator],
    [RUN_FILES.discriminator, models.discriminator],
  ] as const;
  const writing = named.map(async ([name, model]) => {
    return [name, writeSafetensors(await toArrays(toLayout(model, layout)), { metadata })] as const;
  });
  return new Map(await Promise.all(writing));
}
