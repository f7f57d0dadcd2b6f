// Opening what a bundler made in the machine's Chromium, with or without the headers that isolate a page from others.

import { accessSync, constants, createReadStream } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";

/** @typedef {import("playwright-core").Browser} Browser */
/** @typedef {{ threads: number, loss: number, mean: number, error?: undefined } | { error: string }} Outcome */

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];

/** With these a page may share memory with its workers. */
const ISOLATING = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** @type {Readonly<Record<string, string>>} */
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css" };

/** How long a page may take for the program. */
const MOST_MILLISECONDS = 120_000;

/** @returns {Promise<Browser | undefined>} undefined where this machine has no Chromium */
export async function startBrowser() {
  const executablePath = PLACES.find(isProgram);
  return executablePath ? chromium.launch({ executablePath, args: FLAGS }) : undefined;
}

/**
 * Serves a folder on 127.0.0.1.
 *
 * @param {string} folder
 * @returns {Promise<{ address: string, close: () => void }>}
 */
export async function serveFolder(folder) {
  const server = createServer(({ url = "/" }, response) => {
    const path = new URL(url, "http://localhost").pathname;
    const file = join(folder, path === "/" ? "index.html" : path);
    const stream = createReadStream(file);
    stream.on("open", () => {
      response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
      stream.pipe(response);
    });
    stream.on("error", () => response.writeHead(404).end());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const listening = server.address();
  const port = typeof listening === "object" ? listening?.port : undefined;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { address: `http://127.0.0.1:${port}/`, close };
}

/**
 * What the program came to in a page and in its worker; where there is no outcome, what was written to the console.
 *
 * @param {Browser} browser
 * @param {string} address
 * @param {boolean} isolated
 * @returns {Promise<{ page: Outcome, worker: Outcome }>}
 */
export async function runInPage(browser, address, isolated) {
  const page = await browser.newPage();
  /** @type {string[]} */
  const troubles = [];
  page.on("pageerror", ({ message }) => troubles.push(message));
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  try {
    if (isolated) {
      await page.route("**/*", async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, headers: { ...response.headers(), ...ISOLATING } });
      });
    }
    await page.goto(address);
    await page.waitForFunction("globalThis.outcome", undefined, { timeout: MOST_MILLISECONDS / 2 });
    return await Promise.race([
      /** @type {Promise<{ page: Outcome, worker: Outcome }>} */ (page.evaluate("globalThis.outcome")),
      new Promise((_, reject) => setTimeout(() => reject(new Error("no outcome")), MOST_MILLISECONDS).unref()),
    ]);
  } catch (cause) {
    const error = [...troubles, cause instanceof Error ? cause.message : String(cause)].join("; ");
    return { page: { error }, worker: { error } };
  } finally {
    await page.close();
  }
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
