// What a bundler keeps of the package for a program that uses little of it.

import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { type Consumer, createConsumer, removeConsumer, runProgram } from "./consumer.js";

let consumer: Consumer;

beforeAll(async () => {
  consumer = await createConsumer();
  return () => removeConsumer(consumer);
});

/** Words that only the named part has in it: the names with which its errors begin. */
const MARKERS = {
  nn: "Dropout",
  optim: "RMSprop",
  losses: "categoricalCrossEntropy",
  data: "parseIdx",
  gpu: "createKernel",
  io: "openSafetensors",
  testing: "checkSecondGradients",
};

/** Bundles and minifies a program that imports the package, for `platform`. */
async function bundle(contents: string, platform: "node" | "browser" | "neutral" = "neutral"): Promise<string> {
  const result = await build({
    stdin: { contents, resolveDir: consumer.folder },
    bundle: true,
    minify: true,
    format: "esm",
    platform,
    write: false,
    logLevel: "silent",
  });
  return result.outputFiles[0]?.text ?? "";
}

describe("a bundle of the whole package", () => {
  it("has all of its parts, and needs nothing that only Node has", async () => {
    const text = await bundle(
      `export * from "@adjoint/core"; export * as io from "@adjoint/core/io";
       export * as testing from "@adjoint/core/testing";`,
      "browser",
    );
    for (const marker of Object.values(MARKERS)) expect(text).toContain(marker);
  });
});

describe("a bundle that imports only tensor", () => {
  const program = `
    import { tensor } from "@adjoint/core";
    const product = tensor([[1, 2], [3, 4]]).matmul(tensor([[5], [6]]));
    console.log(JSON.stringify(Array.from(product.add(1).dataSync())));
  `;

  it("still has the ops as methods of tensors", async () => {
    expect(await runProgram(consumer.alone, "methods.mjs", await bundle(program))).toEqual([18, 40]);
  });

  it("has no layer, optimizer, loss, reader of files or gpu code in it", async () => {
    const text = await bundle(program);
    for (const marker of Object.values(MARKERS)) expect(text).not.toContain(marker);
  });
});
