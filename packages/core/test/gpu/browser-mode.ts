// A mode of the gpu backend in Chromium, with the WebGPU and the WebGL that SwiftShader plays.

import type { Browser } from "playwright-core";
import type { GpuMode } from "../../src/backends/gpu/index.js";
import { bundleWithGpu } from "../browser/bundling.js";
import { findChromium, SOFTWARE_GPU, startChromium } from "../browser/chromium.js";
import { serve, type TestServer } from "../browser/serving.js";
import type { ModeUnderTest } from "./mode.js";
import { RemoteBackend } from "./remote-backend.js";

/** Whether there is a browser here; where ADJOINT_REQUIRE_BROWSER is set, it throws if there is none. */
export const CHROMIUM = findChromium();

/** Why browser modes are not tested here; empty where they are. */
export const NO_BROWSER = CHROMIUM ? "" : "no Chromium in /usr/bin or on the PATH";

/** Opens a page and starts a backend of that mode in it. */
export async function startInBrowser(mode: GpuMode): Promise<ModeUnderTest> {
  if (!CHROMIUM) throw new Error(`gpu:${mode} needs a browser`);
  const scripts = new Map([["page.js", await bundleWithGpu("../gpu/remote-page.ts")]]);
  const server: TestServer = await serve(scripts, { isolated: true });
  const browser: Browser = await startChromium(CHROMIUM, SOFTWARE_GPU);
  const page = await browser.newPage();
  const troubles: string[] = [];
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => troubles.push(message.text()));
  await page.goto(server.address);
  const restart = async (): Promise<RemoteBackend> => {
    await page.evaluate((wanted) => globalThis.startRemote(wanted), mode);
    return new RemoteBackend(page, `gpu:${mode}`);
  };
  const backend = await restart();
  return {
    ...{ backend, troubles, restart },
    memoryUse: () => backend.memoryUse(),
    launches: () => backend.launches(),
    loseDevice: () => page.evaluate(() => globalThis.loseDevice()),
    async close() {
      await browser.close();
      await server.close();
    },
  };
}
