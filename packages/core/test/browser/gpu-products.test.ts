// Products of the gpu backend on the devices of a browser, webgpu and webgl2, in Chromium, where SwiftShader plays them.

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LONG } from "../support/runs.js";
import { bundleWithGpu } from "./bundling.js";
import { findChromium, SOFTWARE_GPU, startChromium } from "./chromium.js";
import type { CheckName, Findings } from "./product-program.js";
import { serve, type TestServer } from "./serving.js";

const executable = findChromium();
const reason = executable ? "" : " (not run: no Chromium in /usr/bin or on the PATH)";

let browser: Browser;
let server: TestServer;
let page: Page;
const troubles: string[] = [];

beforeAll(async () => {
  if (!executable) return;
  const script = await bundleWithGpu("product-page.ts");
  server = await serve(new Map([["page.js", script]]), { isolated: true });
  browser = await startChromium(executable, SOFTWARE_GPU);
  page = await browser.newPage();
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => troubles.push(message.text()));
  await page.goto(server.address);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

describe.each(["webgpu", "webgl2"])("products in mode %s", (mode) => {
  const check = (name: CheckName): Promise<Findings> => page.evaluate(`checkProductsIn("${mode}", "${name}", ${LONG})`);

  it.skipIf(!executable)(`agree with float64 at every edge, in all ways of storing operands${reason}`, async () => {
    expect(await check("sizes")).toEqual([]);
  });

  it.skipIf(!executable)(`are exact for whole numbers and long sums${reason}`, async () => {
    expect(await check("longSums")).toEqual([]);
  });

  it.skipIf(!executable)(`carry NaN and infinity to the cells of their row or column${reason}`, async () => {
    expect(await check("specials")).toEqual([]);
  });

  it.skipIf(!executable)(`end with the bias and the activation${reason}`, async () => {
    expect(await check("epilogues")).toEqual([]);
  });

  it.skipIf(!executable)(`take what kernels of gpu.js made, and give what they read${reason}`, async () => {
    expect(await check("amongKernels")).toEqual([]);
  });

  it.skipIf(!executable)(`are zeros, or nothing, for sizes of 0${reason}`, async () => {
    expect(await check("empty")).toEqual([]);
  });
});

describe("the tiles of webgpu", () => {
  it.skipIf(!executable)(`are all right, on whatever device${reason}`, async () => {
    expect(await page.evaluate<Findings>(`checkTilesHere(${LONG})`)).toEqual([]);
  });

  it.skipIf(!executable)(`and all the others leave no error behind${reason}`, () => {
    // the notice of Chromium that reading pixels waits for them is none
    expect(troubles.filter((text) => !text.includes("GPU stall due to ReadPixels"))).toEqual([]);
  });
});
