// Files in Chromium: the same bytes, the same arrays and the same refusals as in Node.

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleForBrowser } from "../browser/bundling.js";
import { findChromium, startChromium } from "../browser/chromium.js";
import { serve, type TestServer } from "../browser/serving.js";
import { type FileReport, useFiles } from "./file-program.js";
import { safetensors } from "./support.js";

const executable = findChromium();
const reason = executable ? "" : " (not run: no Chromium in /usr/bin or on the PATH)";

/** Text, since that is what the server of the tests serves: the length of its header is a character. */
const SERVED = safetensors('{"text":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}', [65, 66, 67]);

let server: TestServer;
let browser: Browser | undefined;

beforeAll(async () => {
  const scripts = new Map([
    ["page.js", await bundleForBrowser("../io/file-program.ts")],
    ["weights.safetensors", new TextDecoder().decode(SERVED)],
  ]);
  server = await serve(scripts, { isolated: false });
  if (executable) browser = await startChromium(executable);
});

afterAll(async () => {
  await browser?.close();
  await server.close();
});

const EXPECTED = {
  fetched: [65, 66, 67],
  inMembers: Array.from({ length: 2500 }, (_, i) => i % 256),
  refused: [
    "FileFormatError: gzip",
    "FileFormatError: gzip",
    "FileFormatError: gzip",
    expect.stringMatching(/^FileFormatError: /),
    "FileFormatError: end of central directory",
    "FileFormatError: status",
  ],
};

describe("files", () => {
  it("in Node are read and refused", async () => {
    expect(await useFiles(`${server.address}weights.safetensors`)).toMatchObject(EXPECTED);
  });

  it.skipIf(!executable)(`in Chromium are what they are in Node${reason}`, async () => {
    const url = `${server.address}weights.safetensors`;
    const page = await browser?.newPage();
    await page?.goto(server.address);
    const inChromium = await page?.evaluate<FileReport>(`useFiles(${JSON.stringify(url)})`);
    expect(inChromium).toMatchObject(EXPECTED);
    expect({ ...inChromium, refused: [] }).toEqual({ ...(await useFiles(url)), refused: [] });
  });
});
