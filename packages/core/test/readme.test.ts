// The README tells the truth: each of its TypeScript snippets runs as it stands, and its op table lists what there is.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as core from "@adjoint/core";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const packageReadme = readFileSync(join(root, "packages/core/README.md"), "utf8");
const snippets = [readme, packageReadme].flatMap((text) => {
  return [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code as string);
});

/** What each snippet writes, in order; a pattern where it writes numbers. */
const OUTPUTS: readonly RegExp[] = [
  /^Tensor \[3\] float32\n\[2\. 4\. 6\.\]$/,
  /^100 0\.\d+\n200 0\.00\d+\n300 0\.00\d+\nTensor \[4,1\] float32\n\[\[0\.\]\n \[1\.\]\n \[1\.\]\n \[0\.\]\]$/,
  /^0\.\d+$/,
  /^(999|1000)\.\d+$/,
  /^\{ iteration: 7 \}$/,
  /^(wasm|blas) auto took \1: [\s\S]*products: '/,
  /^true\ntrue\nTensor \[1\] float32\n\[0\.731\d+\]$/,
  /^Tensor \[4,1\] float32\n\[\[0\.\]\n \[1\.\]\n \[1\.\]\n \[0\.\]\]$/,
];

describe("the package's README", () => {
  it("links to nothing that is not in the package, where a reader has it", () => {
    const links = [...packageReadme.matchAll(/\]\(([^)]*)\)/g)].map(([, target]) => target as string);
    expect(links.filter((target) => !/^https:|^#/.test(target))).toEqual([]);
  });
});

describe("the snippets of both READMEs", () => {
  let folder: string;
  beforeAll(() => {
    // inside the workspace, so that a snippet finds gpu.js where a user's program would
    folder = mkdtempSync(join(root, "packages/core/test/.readme-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("are as many as are expected here", () => {
    expect(snippets).toHaveLength(OUTPUTS.length);
  });

  it.each(snippets.map((code, i) => [i + 1, code] as const))(
    "number %i runs and writes what it says",
    async (i, code) => {
      const source = join(folder, `snippet-${i}.ts`);
      const bundle = join(folder, `snippet-${i}.mjs`);
      writeFileSync(source, code);
      await build({
        entryPoints: [source],
        outfile: bundle,
        bundle: true,
        platform: "node",
        format: "esm",
        conditions: ["@adjoint/source"],
        logLevel: "silent",
      });
      const { stdout } = await run(process.execPath, [bundle]);
      expect(stdout.trim()).toMatch(OUTPUTS[i - 1] as RegExp);
    },
  );
});

describe("the README's op table", () => {
  const table = readme.slice(readme.indexOf("## Ops"), readme.indexOf("## An op of your own"));
  const listed = [...table.matchAll(/`(\w+)`/g)].map(([, name]) => name as string);

  it("lists only what is exported", () => {
    expect(listed.filter((name) => !(name in core))).toEqual([]);
  });

  it("lists every op, layer, loss and optimizer", () => {
    // functions that are no ops, and classes that are bases, errors or data
    const others =
      /Error$|^(defineOp|detach|findNonFinite|gradients|noGradient|valueAndGradients|keep|scope|backendNames|currentBackend|useBackend|withBackend|withFrozen|parseIdx|Random|ReferenceBackend|WasmBackend|ByteDataset|ShuffledEpochs|Module|Parameter|Variable|Optimizer|Tensor|glorot\w+|he(Normal|Uniform)|zerosInitializer)$/;
    const missing = Object.keys(core).filter((name) => !others.test(name) && !listed.includes(name));
    expect(missing).toEqual([]);
  });
});
