// An exported file in Chromium: written by the page itself, and computed by onnxruntime-web as the model computes it.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { findChromium, startChromium } from "../../../core/test/browser/chromium.js";
import { expectClose } from "../support/agreement.js";
import type { Outcome } from "./page.js";

const executable = findChromium();
const reason = executable ? "" : " (not run: no Chromium in /usr/bin or on the PATH)";

const ORIGIN = "http://adjoint.test";

/** All that the page may ask for. Nothing leaves the machine: another address is answered with an error. */
async function files(): Promise<Map<string, { contentType: string; body: string | Buffer }>> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("page.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    platform: "browser",
    conditions: ["@adjoint/source"],
    target: "es2022",
    write: false,
    logLevel: "silent",
  });
  const runtime = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
  const page = `<!doctype html><title>adjoint</title><script type="module" src="/page.js"></script>`;
  return new Map([
    ["/", { contentType: "text/html; charset=utf-8", body: page }],
    ["/page.js", { contentType: "text/javascript; charset=utf-8", body: outputFiles[0]?.text ?? "" }],
    [
      "/onnxruntime.wasm",
      { contentType: "application/wasm", body: await readFile(join(runtime, "ort-wasm-simd-threaded.wasm")) },
    ],
  ]);
}

describe.skipIf(!executable)(`in Chromium${reason}`, () => {
  it("onnxruntime-web computes what the models of the GAN compute, for batches of 1 and 7", async () => {
    const served = await files();
    const browser = await startChromium(executable as string);
    try {
      const page = await browser.newPage();
      const troubles: string[] = [];
      page.on("pageerror", (error) => troubles.push(String(error)));
      page.on("console", (message) => troubles.push(message.text()));
      await page.route("**/*", (route) => {
        const { origin, pathname } = new URL(route.request().url());
        const file = origin === ORIGIN ? served.get(pathname) : undefined;
        return file ? route.fulfill(file) : route.abort();
      });
      await page.goto(`${ORIGIN}/`);
      const outcomes = await page.evaluate<Outcome[]>("runModels()");
      expect(outcomes.map(({ shape }) => shape)).toEqual([
        [1, 7, 7, 1],
        [7, 7, 7, 1],
        [1, 1],
        [7, 1],
      ]);
      for (const { shape, exportedShape, values, exportedValues } of outcomes) {
        expect(exportedShape).toEqual(shape);
        expectClose(exportedValues, values);
      }
      expect(troubles).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
