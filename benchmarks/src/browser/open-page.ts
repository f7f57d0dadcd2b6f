// The page of the browser benchmarks, bundled, served and opened in the Chromium of this machine.

import { accessSync, constants } from "node:fs";
import { createServer } from "node:http";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/** A real GPU where ADJOINT_BROWSER_GPU is set; otherwise SwiftShader, which plays one on the processor. */
const FLAGS = [
  ...["--headless=new", "--no-sandbox", "--no-first-run", "--disable-background-networking", "--enable-unsafe-webgpu"],
  "--enable-features=Vulkan",
  ...(process.env.ADJOINT_BROWSER_GPU
    ? []
    : ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--use-webgpu-adapter=swiftshader"]),
];

const HTML = '<!doctype html><title>adjoint</title><script type="module" src="/page.js"></script>';

/** A page that is open. */
export interface OpenPage {
  readonly page: Page;
  /** The browser's name and version. */
  readonly browser: string;
  close(): Promise<void>;
}

/** Opens the page. Throws an Error that says so where there is no Chromium. */
export async function openBenchmarkPage(): Promise<OpenPage> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error(`there is no ${NAMES.join(", ")} in /usr/bin or on the PATH`);
  const script = await bundlePage();
  const server = createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    const type = isScript ? "text/javascript" : "text/html";
    response.writeHead(200, {
      "Content-Type": `${type}; charset=utf-8`,
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    });
    response.end(isScript ? script : HTML);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(`bench: in the page: ${error.message}`));
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.waitForFunction("globalThis.benchmarkPage");
  const close = async () => {
    await browser.close();
    server.close();
    server.closeAllConnections();
  };
  return { page, browser: `Chromium ${browser.version()}`, close };
}

async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    // this file runs bundled, from benchmarks/dist; the page is bundled when it is needed, from its source
    entryPoints: [fileURLToPath(new URL("../src/browser/page.ts", import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    // for Node: what gpu.js loads there
    external: ["gl"],
    define: { global: "globalThis" },
    write: false,
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}

function findChromium(): string | undefined {
  const folders = ["/usr/bin", ...(process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "")];
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
