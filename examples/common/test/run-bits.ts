// What a run gave, to the last bit, but for what tells the time or names its folder.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openSafetensors } from "@adjoint/core/io";

/** What may differ between two runs of the same: when, how fast and where. */
const OWN = ["startedAt", "totalSeconds", "medianMillisecondsPerIteration"];

/** Every file of a run by name, as a sum of what must be the same. */
export async function runBits(folder: string): Promise<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const bits: Record<string, string> = {};
  for (const name of names.filter((each) => each !== "samples" && each !== "checkpoint.previous.safetensors")) {
    bits[name] = createHash("sha256")
      .update(await contentOf(name, readFileSync(join(folder, name))))
      .digest("hex");
  }
  return bits;
}

async function contentOf(name: string, bytes: Buffer): Promise<Buffer | string> {
  if (name === "summary.json") return sameSummary(JSON.parse(bytes.toString()));
  if (name === "index.html") return "shows times";
  // the charts of one process are numbered
  if (name === "losses.svg") return bytes.toString().replaceAll(/zr\d+(-[a-z-]+\d+)?/g, "zr");
  if (name !== "checkpoint.safetensors") return bytes;
  const file = await openSafetensors(new Uint8Array(bytes));
  const progress = JSON.parse(file.metadata.get("progress") ?? "");
  const tensors = [...(await file.readAll())].map(([key, { shape, data }]) => [
    key,
    shape,
    Buffer.from(data.buffer).toString("base64"),
  ]);
  const { iteration, images, backend } = progress;
  return JSON.stringify([file.metadata.get("randoms"), iteration, images, backend, tensors]);
}

function sameSummary(summary: Record<string, unknown>): string {
  const { options, ...rest } = summary;
  const { out: _, threads: __, checkpointInterval: ___, overwrite: ____, ...same } = options as Record<string, unknown>;
  const kept = Object.entries(rest).filter(([name]) => !OWN.includes(name) && name !== "backend");
  return JSON.stringify([same, kept]);
}
