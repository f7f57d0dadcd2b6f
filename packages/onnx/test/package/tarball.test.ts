// The package as npm would publish it: what is in it, whether tools can read it, and that it works as ESM and CommonJS.

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { beforeAll, describe, expect, it } from "vitest";
import { buildProblem } from "../../../../scripts/lib/build.mjs";
import { npmCommand } from "../../../../scripts/lib/run.mjs";

const execute = promisify(execFile);
const require = createRequire(import.meta.url);
const packageFolder = fileURLToPath(new URL("../../", import.meta.url));

let folder: string;
let tarball: string;
let files: string[];

/** A user's folder, with the packed files, the core, and the one dependency. */
beforeAll(async () => {
  for (const project of ["core", "onnx"] as const) {
    const problem = buildProblem(project);
    if (problem) throw new Error(problem);
  }
  folder = await realpath(await mkdtemp(join(tmpdir(), "adjoint-onnx-")));
  const [npm = "", ...args] = npmCommand("pack", "--json", "--loglevel", "error", "--pack-destination", folder);
  const { stdout } = await execute(npm, args, { cwd: packageFolder });
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  if (!packed) throw new Error(`npm pack named no package: ${stdout}`);
  tarball = join(folder, packed.filename);
  files = packed.files.map(({ path }) => path);
  const modules = join(folder, "node_modules");
  for (const file of files) await cp(join(packageFolder, file), join(modules, "@adjoint/onnx", file));
  await mkdir(join(modules, "@bufbuild"));
  for (const name of ["@adjoint/core", "@bufbuild/protobuf"]) {
    await symlink(await realpath(join(packageFolder, "node_modules", name)), join(modules, name), "dir");
  }
  return () => rm(folder, { recursive: true });
});

const PROGRAM = `
async function report({ Random, Dense, Module, Sequential, AdjointError }, { exportOnnx, OnnxExportError }) {
  const bytes = await exportOnnx(new Sequential([new Dense(2, 1, { random: new Random(1) })]), { inputShape: [2] });
  const own = Object.assign(new (class extends Module {})(), { kind: "Own" });
  const error = await exportOnnx(own, { inputShape: [2] }).catch((error) => error);
  const classes = [OnnxExportError, AdjointError].map((type) => error instanceof type);
  process.stdout.write(JSON.stringify({ bytes: bytes.length, classes, kind: error.kind }));
}
`;

describe("the published package", () => {
  it("holds the build, its sources and what a package page shows, and nothing else", () => {
    const others = files.filter((file) => !file.startsWith("dist/") && !file.startsWith("src/"));
    expect(others.toSorted()).toEqual(["LICENSE", "README.md", "package.json"]);
    const endings = [".js", ".js.map", ".cjs", ".cjs.map", ".d.ts", ".d.cts"];
    const built = files.filter((file) => file.startsWith("dist/"));
    expect(built.toSorted()).toEqual(endings.map((ending) => `dist/index${ending}`).toSorted());
  });

  it("passes publint", async () => {
    const { messages, pkg } = await publint({
      pack: { tarball: new Uint8Array(await readFile(tarball)).buffer },
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  it("passes @arethetypeswrong/cli", async () => {
    const cli = join(dirname(require.resolve("@arethetypeswrong/cli/package.json")), "dist", "index.js");
    const { stdout } = await execute(process.execPath, [cli, tarball, "--format", "json"]);
    expect((JSON.parse(stdout) as { analysis: { problems: unknown[] } }).analysis.problems).toEqual([]);
  });

  it.each([
    ["ESM", "program.mjs", `import * as core from "@adjoint/core";\nimport * as onnx from "@adjoint/onnx";`],
    ["CommonJS", "program.cjs", `const core = require("@adjoint/core");\nconst onnx = require("@adjoint/onnx");`],
  ])("works as %s, with the core's own classes", async (_, file, imports) => {
    await writeFile(join(folder, file), `${imports}\n${PROGRAM}\nreport(core, onnx);\n`);
    const { stdout, stderr } = await execute(process.execPath, [file], { cwd: folder });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({ bytes: expect.any(Number), classes: [true, true], kind: "Own" });
  });
});
