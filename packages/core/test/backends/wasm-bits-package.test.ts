// The kernels travel inside the published package: as ESM, as CommonJS and in one minified file, it computes on
// threads where no file can be read and nothing can be fetched.

import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { type Consumer, createConsumer, removeConsumer, runProgram } from "../package/consumer.js";

let consumer: Consumer;

beforeAll(async () => {
  consumer = await createConsumer();
  return () => removeConsumer(consumer);
});

// Takes the ways to files and to the network away, then computes first on the backend that starts by itself, then on
// two threads. `import(…)` and `require` of what the package consists of happened before.
const COMPUTE = `
async function compute({ tensor, ones, currentBackend, useBackend }) {
  const fs = process.getBuiltinModule("node:fs");
  const refuse = (name) => () => { throw new Error(name + " was called"); };
  const refused = [];
  for (const owner of [fs, fs.promises]) {
    for (const name of ["readFile", "readFileSync", "open", "openSync", "createReadStream"]) {
      if (!(name in owner)) continue;
      owner[name] = refuse(name);
      refused.push(name);
    }
  }
  globalThis.fetch = refuse("fetch");
  const first = Array.from(tensor([[1, 2], [3, 4]]).matmul(tensor([[5], [6]])).dataSync());
  const byDefault = currentBackend().name;
  const { backend } = await useBackend("wasm", { threads: 2 });
  await backend.ready();
  const product = ones([257, 129]).matmul(ones([129, 255])).sum().itemSync();
  process.stdout.write(JSON.stringify({ refused, first, byDefault, threads: backend.info().threads, product }));
}
`;

const ESM = `import * as library from "@adjoint/core";\n${COMPUTE}\nawait compute(library);\n`;
const COMMON_JS = `const library = require("@adjoint/core");\n${COMPUTE}\ncompute(library);\n`;
const BUNDLED = `import * as library from "@adjoint/core";\n${COMPUTE}\ncompute(library);\n`;

const EXPECTED = {
  refused: ["readFile", "readFileSync", "open", "openSync", "createReadStream", "readFile", "open"],
  first: [17, 39],
  byDefault: "wasm",
  threads: 2,
  product: 257 * 255 * 129,
};

describe("the kernels in the published package", () => {
  it("are files only for platforms that import them", () => {
    const files = consumer.files.filter((file) => file.endsWith(".wasm"));
    expect(files.toSorted()).toEqual(["dist/kernels-threads.wasm", "dist/kernels.wasm"]);
  });

  it("are found from ESM", async () => {
    expect(await runProgram(consumer.folder, "kernels.mjs", ESM)).toEqual(EXPECTED);
  });

  it("are found from CommonJS", async () => {
    expect(await runProgram(consumer.folder, "kernels.cjs", COMMON_JS)).toEqual(EXPECTED);
  });

  it.each(["esm", "cjs"] as const)(
    "are found in one minified file of the format %s, far from the package",
    async (format) => {
      const { outputFiles } = await build({
        stdin: { contents: BUNDLED, resolveDir: consumer.folder },
        bundle: true,
        minify: true,
        platform: "neutral",
        mainFields: ["module", "main"],
        format,
        write: false,
        logLevel: "silent",
      });
      const file = format === "esm" ? "bundle.mjs" : "bundle.cjs";
      expect(await runProgram(consumer.alone, file, outputFiles[0]?.text ?? "")).toEqual(EXPECTED);
    },
  );
});
