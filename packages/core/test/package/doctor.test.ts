// `adjoint doctor` as an installed package has it: the command, and the page that it serves, in Chromium, with the WebGPU
// and the WebGL that SwiftShader plays.

import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Diagnosis } from "@adjoint/core/doctor";
import { beforeAll, describe, expect, it } from "vitest";
import { findChromium, SOFTWARE_GPU, startChromium } from "../browser/chromium.js";
import { type Consumer, createConsumer, removeConsumer } from "./consumer.js";

const execute = promisify(execFile);
const executable = findChromium();
const reason = executable ? "" : " (not run: no Chromium in /usr/bin or on the PATH)";

function problemsOf({ backends }: Diagnosis): string[] {
  return backends.flatMap((one) => (one.available ? one.problems.map((text) => `${one.name}: ${text}`) : []));
}

let consumer: Consumer;
let command: string;

beforeAll(async () => {
  consumer = await createConsumer();
  command = join(consumer.folder, "node_modules", "@adjoint", "core", "bin", "adjoint.mjs");
  return () => removeConsumer(consumer);
});

describe("the command of the package", () => {
  it("prints a diagnosis as JSON, and ends", async () => {
    const args = [command, "doctor", "--quick", "--json", "--only", "wasm,gpu:webasm"];
    const { stdout, stderr } = await execute(process.execPath, args, { cwd: consumer.folder });
    const { healthy, backends } = JSON.parse(stdout) as Diagnosis;
    expect(backends.map(({ name, available }) => [name, available])).toEqual([
      ["wasm", true],
      ["gpu:webasm", true],
    ]);
    expect([healthy, stderr]).toEqual([true, "examining wasm …\nexamining gpu:webasm …\n"]);
  });

  it("ends with 2 where it does not understand", async () => {
    const failure = execute(process.execPath, [command, "doctor", "--fast"]);
    await expect(failure).rejects.toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^adjoint: "--fast"/),
    });
  });
});

describe("the page that it serves", () => {
  it.skipIf(!executable)(
    `finds the browser's modes, with threads and gpu.js, nothing wrong with them, and serves nothing else${reason}`,
    async () => {
      const child = spawn(process.execPath, [command, "doctor", "--browser"], { stdio: ["ignore", "pipe", "inherit"] });
      const browser = await startChromium(executable ?? "", SOFTWARE_GPU);
      try {
        const said = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
        const [address = ""] = /http:\/\/127\.0\.0\.1:\d+\//.exec(said) ?? [];
        const page = await browser.newPage();
        // the diagnosis takes as long as the machine is busy
        page.setDefaultTimeout(110_000);
        await page.goto(`${address}?quick`);
        await page.waitForFunction(() => /^(Done|Failed)/.test(document.querySelector("#progress")?.textContent ?? ""));
        const diagnosis = JSON.parse((await page.textContent("#json")) ?? "") as Diagnosis;
        expect(problemsOf(diagnosis)).toEqual([]);
        expect(await page.textContent("#progress")).toBe("Done.");
        expect(diagnosis.backends.filter(({ available }) => available).map(({ name }) => name)).toEqual([
          ...["reference", "wasm", "wasm relaxed", "gpu:cpu", "gpu:webasm", "gpu:webgl2", "gpu:webgpu"],
        ]);
        expect(diagnosis.backends.flatMap((one) => (one.available ? [] : [one.missing]))).toEqual([
          "wasm: `wide` needs Node 24 or newer on x64; this is not Node",
          "blas: a system's BLAS can be called from Node only; choose wasm",
          "gpu:headlessgl: headless WebGL is for Node; a browser has webgl2",
        ]);
        const webgl2 = diagnosis.backends.find(({ name }) => name === "gpu:webgl2");
        expect(webgl2?.available && webgl2.device).toMatch(/SwiftShader/i);
        expect(diagnosis.environment.runtime).toContain("Chrome");
        expect([diagnosis.healthy, diagnosis.environment.sharedMemory]).toEqual([true, true]);
        expect(diagnosis.recommendation.reason).toMatch(/^a step of the GAN takes [\d.]+ ms on wasm, /);
        expect(await page.textContent("#report")).toMatch(/^adjoint \d/);
        for (const path of ["package.json", "adjoint/..%2fpackage.json", "adjoint/index.cjs", "bin/adjoint.mjs"]) {
          expect((await fetch(address + path)).status).toBe(404);
        }
      } finally {
        await browser.close();
        child.kill();
      }
    },
  );

  it.skipIf(!executable)(`takes the options of the command${reason}`, async () => {
    const args = [command, "doctor", "--browser", "--quick", "--json", "--only", "wasm,reference"];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const browser = await startChromium(executable ?? "");
    try {
      const said = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
      const [address = ""] = /http:\S+/.exec(said) ?? [];
      expect(address).toMatch(/\?quick&json&only=wasm%2Creference$/);
      const page = await browser.newPage();
      page.setDefaultTimeout(110_000);
      await page.goto(address);
      await page.waitForFunction(() => /^(Done|Failed)/.test(document.querySelector("#progress")?.textContent ?? ""));
      const { backends } = JSON.parse((await page.textContent("#report")) ?? "") as Diagnosis;
      expect(backends.map(({ name }) => name)).toEqual(["reference", "wasm"]);
    } finally {
      await browser.close();
      child.kill();
    }
  });
});
