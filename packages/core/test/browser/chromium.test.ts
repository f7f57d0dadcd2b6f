// The wasm backend in Chromium: in a page and in a Web Worker, with and without cross-origin isolation. Its bits are
// those of Node, it needs nothing but the script that it is part of, and it starts without waiting.

import { useBackend } from "@adjoint/core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleForBrowser } from "./bundling.js";
import { findChromium, startChromium } from "./chromium.js";
import { trainGan } from "./gan-program.js";
import { runKernels } from "./kernel-program.js";
import type { Place, ProgramReply, Programs } from "./programs.js";
import { serve, type TestServer } from "./serving.js";

const executable = findChromium();
const reason = executable ? "" : " (not run: no Chromium in /usr/bin or on the PATH)";

let browser: Browser;
let scripts: Map<string, string>;

beforeAll(async () => {
  if (!executable) return;
  const [page, worker] = await Promise.all(["page.ts", "web-worker.ts"].map(bundleForBrowser));
  scripts = new Map([
    ["page.js", page ?? ""],
    ["worker.js", worker ?? ""],
  ]);
  browser = await startChromium(executable);
});

afterAll(async () => {
  await browser?.close();
  await useBackend("reference");
});

/** A page that was opened, and what it asked for since. */
interface OpenPage {
  readonly page: Page;
  readonly server: TestServer;
  /** All that the page and its workers asked for, wherever it came from. */
  readonly urls: string[];
  /** What failed outside of any test, and what was written to the console. */
  readonly troubles: string[];
  close(): Promise<void>;
}

async function open(isolated: boolean, headers: Readonly<Record<string, string>> = {}): Promise<OpenPage> {
  const server = await serve(scripts, { isolated, headers });
  const page = await browser.newPage();
  const urls: string[] = [];
  const troubles: string[] = [];
  page.on("request", (request) => urls.push(request.url()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => troubles.push(message.text()));
  await page.goto(server.address);
  const close = async () => {
    await page.close();
    await server.close();
  };
  return { page, server, urls, troubles, close };
}

async function run<Name extends keyof Programs>(
  { page }: OpenPage,
  place: Place["kind"],
  program: Name,
  threads = 1,
): Promise<{ place: Place; outcome: Programs[Name] }> {
  const call = `runProgram(${JSON.stringify(place)}, ${JSON.stringify({ program, threads })})`;
  const answer = await page.evaluate<ProgramReply<Name>>(call);
  if ("error" in answer) throw new Error(`in the ${place}: ${answer.error}`);
  return answer;
}

const places = [
  ["a cross-origin isolated page", { kind: "page", isolated: true }],
  ["a Web Worker of a cross-origin isolated page", { kind: "worker", isolated: true }],
  ["a page that is not isolated", { kind: "page", isolated: false }],
  ["a Web Worker of a page that is not isolated", { kind: "worker", isolated: false }],
] as const;

describe.skipIf(!executable).each(places)(`in Chromium, %s${reason}`, (_, { kind, isolated }) => {
  const counts = isolated ? [1, 2, 3, 8] : [1];
  let opened: OpenPage;

  beforeAll(async () => {
    opened = await open(isolated);
  });

  afterAll(async () => {
    await opened.close();
  });

  it("the first tensor starts the backend without waiting, with the threads that can be had", async () => {
    const { place, outcome } = await run(opened, kind, "default");
    expect(place).toEqual({ kind, crossOriginIsolated: isolated, hardwareThreads: expect.any(Number) });
    const threads = isolated ? Math.min(8, place.hardwareThreads) : 1;
    expect(outcome).toEqual({ backend: "wasm", threads, values: [58.5, 64.5, 139.5, 154.5] });
  });

  it.each(counts)("the GAN on %i thread(s) has the bits that it has in Node", async (threads) => {
    const { place, outcome } = await run(opened, kind, "gan", threads);
    expect(place).toMatchObject({ kind, crossOriginIsolated: isolated });
    expect(outcome.threads).toBe(threads);
    expect(outcome.parts).toHaveLength(threads - 1);
    if (threads > 1) expect(Math.max(...outcome.parts)).toBeGreaterThan(0);
    expect(outcome.sums).toEqual((await ganInNode()).sums);
  });

  it.each(isolated ? [3] : [1])("the kernels on %i thread(s) have the bits that they have in Node", async (threads) => {
    const { outcome } = await run(opened, kind, "kernels", threads);
    expect(outcome.threads).toBe(threads);
    if (threads > 1) expect(outcome.alone).toEqual([]);
    expect(outcome.sums).toEqual((await kernelsInNode()).sums);
  });

  it("nothing was asked for but the page and its scripts, and nothing failed or was printed", () => {
    const { server, urls, troubles } = opened;
    const own = kind === "page" ? ["/", "/page.js"] : ["/", "/page.js", "/worker.js"];
    expect([...new Set(server.requests)]).toEqual(own);
    const others = urls.filter((url) => !url.startsWith("blob:") && !url.startsWith("data:"));
    expect([...new Set(others)]).toEqual(own.map((path) => server.address + path.slice(1)));
    expect(troubles).toEqual([]);
  });
});

describe.skipIf(!executable)(`in Chromium, threads that cannot be had${reason}`, () => {
  it("are refused in a page that is not isolated, saying what is missing", async () => {
    const opened = await open(false);
    await expect(run(opened, "page", "gan", 2)).rejects.toThrow(
      "BackendError: wasm: 2 threads cannot be had: memory cannot be shared with workers: a page must be cross-origin isolated",
    );
    const { place, outcome } = await run(opened, "page", "chosen");
    const limited = { threadsLimitedBy: expect.stringContaining("cross-origin isolated") };
    expect(outcome).toMatchObject({ threads: 1, ...(place.hardwareThreads > 1 ? limited : {}) });
    await opened.close();
  });

  it("are an error and no hang where the page's policy forbids workers", async () => {
    const policy = "script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'";
    const opened = await open(true, { "Content-Security-Policy": policy });
    await expect(run(opened, "page", "gan", 3)).rejects.toThrow(
      /BackendError: wasm: 3 threads were asked for, and worker 1 does not start: .*Content-Security-Policy/,
    );
    const { place, outcome } = await run(opened, "page", "chosen");
    const limited = { threadsLimitedBy: expect.stringMatching(/^worker 1 does not start: .*Content-Security-Policy/) };
    expect(outcome).toMatchObject({ threads: 1, ...(place.hardwareThreads > 1 ? limited : {}) });
    expect((await run(opened, "page", "gan", 1)).outcome.sums).toEqual((await ganInNode()).sums);
    await opened.close();
  });
});

describe.skipIf(!executable)(`in Chromium, a policy that forbids compiling WebAssembly${reason}`, () => {
  it("is an error that says how to allow it", async () => {
    const opened = await open(false, { "Content-Security-Policy": "script-src 'self'" });
    await expect(run(opened, "page", "default")).rejects.toThrow(
      /BackendError: wasm: this platform forbids compiling WebAssembly from bytes .*'wasm-unsafe-eval'/,
    );
    await opened.close();
  });
});

// Computed once: the files backends/wasm-bits-*.test.ts compare them for all numbers of threads.
let gan: ReturnType<typeof trainGan> | undefined;
let kernels: ReturnType<typeof runKernels> | undefined;

function ganInNode(): ReturnType<typeof trainGan> {
  gan ??= trainGan(2);
  return gan;
}

function kernelsInNode(): ReturnType<typeof runKernels> {
  kernels ??= runKernels(2);
  return kernels;
}
