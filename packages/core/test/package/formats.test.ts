// The package as it is published, used from outside: as ESM, as CommonJS, and in a minified bundle.

import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { type Consumer, createConsumer, removeConsumer, runProgram } from "./consumer.js";

let consumer: Consumer;

beforeAll(async () => {
  consumer = await createConsumer();
  return () => removeConsumer(consumer);
});

// Prints what a user of both entries sees. `library` and `testing` are their exports, `loaded` says whether gpu.js is,
// `options` are those of useBackend.
const REPORT = `
async function report(library, testing, { loaded, options } = {}) {
  const { tensor, useBackend, currentBackend, GradientCheckError } = library;
  const loadedBefore = loaded?.();
  const former = currentBackend().name;
  let inside = "";
  let refused = "";
  testing.checkGradients((x) => { inside = currentBackend().name; return x.square().sum(); }, [tensor([1, 2, 3])]);
  try {
    testing.checkGradients((x) => x.mul(library.detach(x)).sum(), [tensor([1, 2, 3])]);
  } catch (error) {
    refused = error instanceof GradientCheckError ? error.name : "not the class of the main entry: " + error;
  }
  const after = currentBackend().name;
  const { backend } = await useBackend("gpu:webasm", options);
  const a = tensor([[1, 2, 3], [4, 5, 6]]);
  const b = tensor([[7, 8], [9, 10], [11, 12]]);
  const product = a.matmul(b);
  const values = Array.from(await product.data());
  const summary = {
    loadedBefore, loadedAfter: loaded?.(), former, inside, after, refused,
    backend: backend.info().name, products: backend.info().products, shape: product.shape, values,
  };
  await backend.dispose();
  process.stdout.write(JSON.stringify(summary));
}
`;

const LOADED = `() => Object.keys(require.cache).some((path) => /[/\\\\]gpu\\.js[/\\\\]/.test(path))`;

const ESM = `
import { createRequire } from "node:module";
import * as library from "@adjoint/core";
import * as testing from "@adjoint/core/testing";
const require = createRequire(import.meta.url);
${REPORT}
await report(library, testing, { loaded: ${LOADED} });
`;

const COMMON_JS = `
const library = require("@adjoint/core");
const testing = require("@adjoint/core/testing");
${REPORT}
report(library, testing, { loaded: ${LOADED} });
`;

// A bundler puts gpu.js into the file itself where the program imports it.
const BUNDLED = `
import * as library from "@adjoint/core";
import * as testing from "@adjoint/core/testing";
import * as gpuJs from "gpu.js";
${REPORT}
report(library, testing, { options: { gpuJs } });
`;

/** What every format must report. */
const EXPECTED = {
  former: "wasm",
  inside: "reference:float64",
  after: "wasm",
  refused: "GradientCheckError",
  backend: "gpu:webasm",
  products: expect.stringMatching(/gpu\.js.*webasm/),
  shape: [2, 2],
  values: [58, 64, 139, 154],
};

describe("the published package", () => {
  it("works as ESM, with one state for both entries and gpu.js not loaded before it is asked for", async () => {
    expect(await runProgram(consumer.folder, "program.mjs", ESM)).toEqual({
      ...EXPECTED,
      loadedBefore: false,
      loadedAfter: true,
    });
  });

  it("works as CommonJS, with one state for both entries and gpu.js not loaded before it is asked for", async () => {
    expect(await runProgram(consumer.folder, "program.cjs", COMMON_JS)).toEqual({
      ...EXPECTED,
      loadedBefore: false,
      loadedAfter: true,
    });
  });

  it("works from one minified file that holds gpu.js as well", async () => {
    const bundle = await build({
      stdin: { contents: BUNDLED, resolveDir: consumer.folder },
      bundle: true,
      minify: true,
      platform: "node",
      format: "cjs",
      // gpu.js tries to load headless-gl where it is called for, and does without.
      external: ["gl"],
      write: false,
      logLevel: "silent",
    });
    const source = bundle.outputFiles[0]?.text ?? "";
    expect(await runProgram(consumer.alone, "bundle.cjs", source)).toEqual(EXPECTED);
  });
});
