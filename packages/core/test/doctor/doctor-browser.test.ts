// The doctor in Chromium, with the WebGPU and the WebGL that SwiftShader plays.

import type { Diagnosis } from "@adjoint/core/doctor";
import { describe, expect, it } from "vitest";
import { bundleWithGpu } from "../browser/bundling.js";
import { findChromium, SOFTWARE_GPU, startChromium } from "../browser/chromium.js";
import { serve } from "../browser/serving.js";

const executable = findChromium();
const reason = executable ? "" : " (not run: no Chromium in /usr/bin or on the PATH)";

async function diagnoseInBrowser(chromium: string): Promise<Diagnosis> {
  const server = await serve(new Map([["page.js", await bundleWithGpu("../doctor/doctor-page.ts")]]), {
    isolated: true,
  });
  const browser = await startChromium(chromium, SOFTWARE_GPU);
  try {
    const page = await browser.newPage();
    await page.goto(server.address);
    return await page.evaluate(() => globalThis.diagnoseHere());
  } finally {
    await browser.close();
    await server.close();
  }
}

describe("diagnose in a browser", () => {
  it.skipIf(!executable)(`finds the browser's modes, and nothing wrong with them${reason}`, async () => {
    const { environment, backends, healthy, recommendation } = await diagnoseInBrowser(executable ?? "");
    const problems = backends.flatMap((one) =>
      one.available ? one.problems.map((text) => `${one.name}: ${text}`) : [],
    );
    expect(problems).toEqual([]);
    expect(backends.filter(({ available }) => available).map(({ name }) => name)).toEqual([
      ...["reference", "wasm", "wasm relaxed", "gpu:cpu", "gpu:webasm", "gpu:webgl2", "gpu:webgpu"],
    ]);
    const missing = backends.flatMap((one) => (one.available ? [] : [one.missing]));
    expect(missing).toEqual([
      "blas: a system's BLAS can be called from Node only; choose wasm",
      "gpu:headlessgl: headless WebGL is for Node; a browser has webgl2",
    ]);
    const webgl2 = backends.find(({ name }) => name === "gpu:webgl2");
    expect(webgl2?.available && webgl2.device).toMatch(/SwiftShader/i);
    expect(environment.runtime).toContain("Chrome");
    expect([healthy, environment.sharedMemory]).toEqual([true, true]);
    expect(recommendation.reason).toMatch(/^a step of the GAN takes [\d.]+ ms on wasm, /);
  });
});
