// Where things lie in the workspace, and which parts of it are installed and built for what.
// Importing this module refuses a Node that is too old, before anything else goes wrong in a less telling way.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the workspace. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** The root's own record of what is installed and built. Not in git; gone with node_modules. */
export const STAMPS = join(ROOT, "node_modules", ".adjoint");

/**
 * A source that is made from others before a build: the script that makes it, what that reads, and what it writes.
 *
 * @typedef {{ script: string, sources: readonly string[], output: string }} Generated
 */

/**
 * The buildable parts: folder, package name, the files that a build reads, and one file that it writes.
 *
 * @satisfies {Record<string, { folder: string, name: string, sources: string[], output: string, generated?: Generated }>}
 */
export const PROJECTS = {
  core: {
    folder: "packages/core",
    name: "@adjoint/core",
    sources: ["src", "tsup.config.ts", "package.json", "tsconfig.json", "tsconfig.build.json"],
    output: "dist/index.js",
    generated: {
      script: "scripts/build-kernels.mjs",
      sources: ["assembly", "scripts"],
      output: "src/backends/wasm/kernels.generated.ts",
    },
  },
  onnx: {
    folder: "packages/onnx",
    name: "@adjoint/onnx",
    sources: ["src", "tsup.config.ts", "package.json", "tsconfig.json", "tsconfig.build.json"],
    output: "dist/index.js",
  },
  mnist: {
    folder: "packages/mnist",
    name: "@adjoint/mnist",
    sources: ["src", "package.json", "tsconfig.json"],
    output: "dist/index.js",
  },
  measures: {
    folder: "packages/measures",
    name: "@adjoint/measures",
    sources: ["src", "package.json", "tsconfig.json"],
    output: "dist/index.js",
  },
  "example-common": {
    folder: "examples/common",
    name: "@adjoint/example-common",
    sources: ["src", "package.json", "tsconfig.json"],
    output: "dist/index.js",
  },
  "mnist-gan": {
    folder: "examples/mnist-gan",
    name: "@adjoint/example-mnist-gan",
    sources: ["src", "package.json", "tsconfig.json"],
    output: "dist/main.js",
  },
  autoencoder: {
    folder: "examples/autoencoder",
    name: "@adjoint/example-autoencoder",
    sources: ["src", "package.json", "tsconfig.json"],
    output: "dist/main.js",
  },
  vae: {
    folder: "examples/vae",
    name: "@adjoint/example-vae",
    sources: ["src", "package.json", "tsconfig.json"],
    output: "dist/main.js",
  },
  dcgan: {
    folder: "examples/dcgan",
    name: "@adjoint/example-dcgan",
    sources: ["src", "package.json", "tsconfig.json"],
    output: "dist/main.js",
  },
  "wgan-gp": {
    folder: "examples/wgan-gp",
    name: "@adjoint/example-wgan-gp",
    sources: ["src", "package.json", "tsconfig.json"],
    output: "dist/main.js",
  },
  measure: {
    folder: "examples/measure",
    name: "@adjoint/example-measure",
    sources: ["src", "package.json", "tsconfig.json"],
    output: "dist/measure.js",
  },
  benchmarks: {
    folder: "benchmarks",
    name: "@adjoint/benchmarks",
    // They time the step of the example's own program.
    sources: ["src", "../examples/mnist-gan/src", "package.json", "tsconfig.json"],
    output: "dist/main.js",
  },
};

/** @typedef {keyof typeof PROJECTS} ProjectName */

/** In the order in which they are built. */
export const PROJECT_NAMES = /** @type {ProjectName[]} */ (Object.keys(PROJECTS));

/** The examples: those that can be run. */
export const PROGRAMS = PROJECT_NAMES.filter(
  (name) => PROJECTS[name].folder.startsWith("examples/") && PROJECTS[name].output.endsWith("main.js"),
);

/**
 * A project and the others of the workspace that it needs to run, in the order in which they are built.
 *
 * @param {ProjectName} name
 * @returns {ProjectName[]}
 */
export function projectsFor(name) {
  const manifest = JSON.parse(readFileSync(join(ROOT, PROJECTS[name].folder, "package.json"), "utf8"));
  const needed = Object.keys(manifest.dependencies ?? {}).flatMap((dependency) => {
    const found = PROJECT_NAMES.find((project) => PROJECTS[project].name === dependency);
    return found ? projectsFor(found) : [];
  });
  return [...new Set([...needed, name])];
}

/** `package.json` of the root. `packageManager` there is the one place that names pnpm's version. */
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

/** pnpm with its exact version, as npm fetches it: `pnpm@10.34.8`. */
export const PNPM = String(manifest.packageManager);

/** Packages that are installed for the checks and the tests alone. */
export const CHECKING_TOOLS = Object.keys(manifest.devDependencies);

refuseOldNode(String(manifest.engines.node).replace(">=", ""));

/** @param {string} least the oldest version that works, `20.19` */
function refuseOldNode(least) {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split(".").map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  process.stderr.write(`adjoint: Node ≥ ${least} is needed, this is ${process.versions.node}\n`);
  process.exit(1);
}
