// The README tells the truth: its program runs as it stands, and onnxruntime reads what it writes.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, it, onTestFinished } from "vitest";

const run = promisify(execFile);
const packageFolder = fileURLToPath(new URL("../", import.meta.url));

it("the README's program writes a file that onnxruntime-node reads", async () => {
  const readme = readFileSync(join(packageFolder, "README.md"), "utf8");
  const programs = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code as string);
  expect(programs).toHaveLength(1);
  const folder = mkdtempSync(join(tmpdir(), "adjoint-onnx-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { outputFiles } = await build({
    stdin: { contents: programs[0] ?? "", resolveDir: packageFolder, loader: "ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@adjoint/source"],
    write: false,
    logLevel: "silent",
  });
  writeFileSync(join(folder, "program.mjs"), outputFiles[0]?.text ?? "");
  expect(await run(process.execPath, ["program.mjs"], { cwd: folder })).toEqual({ stdout: "", stderr: "" });
  const session = await InferenceSession.create(join(folder, "generator.onnx"));
  const input = new Tensor("float32", new Float32Array(300), [3, 100]);
  // without biases, nothing in is nothing out
  const { output } = await session.run({ input });
  expect([output?.dims, output?.data]).toEqual([[3, 784], new Float32Array(3 * 784)]);
});
