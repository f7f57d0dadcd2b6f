// The Chromium of the machine, if it has one, driven by playwright-core, which brings none along.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome"];
const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A browser without WebGPU and WebGL. */
const NO_GPU = ["--disable-gpu"];

/** A browser whose WebGPU and WebGL are played by SwiftShader, which Chromium brings along. */
export const SOFTWARE_GPU: readonly string[] = [
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];

/** Set where a machine without a browser is a failure and no reason to leave tests out: in CI. */
const REQUIRED = process.env.ADJOINT_REQUIRE_BROWSER === "1";

/** The path of a Chromium; undefined where there is none and none is required. Throws where one is required. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = ["/usr/bin", ...folders].flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram);
  if (!found && REQUIRED) {
    throw new Error(`ADJOINT_REQUIRE_BROWSER is set, and there is no ${NAMES.join(", ")} in /usr/bin or on the PATH`);
  }
  return found;
}

/** Starts a Chromium of its own, without a window, that talks to nobody but the pages it is sent to. */
export function startChromium(executablePath: string, gpu: readonly string[] = NO_GPU): Promise<Browser> {
  return chromium.launch({ executablePath, args: [...FLAGS, ...gpu] });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
