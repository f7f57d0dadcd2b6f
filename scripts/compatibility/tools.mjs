// The bundlers and runtimes that are tried: versions, the files of a project, how it is built, what then runs.
// None has any configuration but what its own documentation has in the first program.

import { HTML, NODE_MAIN, PAGE_BESIDE_WORKER, PAGE_MAIN, PROGRAM, WORKER_MAIN } from "./program.mjs";

/**
 * A project. `packages` are installed beside the library; `build` are scripts below node_modules that Node runs. Then
 * the page of the folder `pages` is opened, and `main` is run by Node, or by `program`, a binary below node_modules, with
 * `arguments` before it; or `serve` is a command whose server answers with the outcome, at the port that it is given.
 *
 * @typedef {object} Tool
 * @property {string} name
 * @property {Readonly<Record<string, string>>} packages
 * @property {Readonly<Record<string, string>>} files
 * @property {readonly (readonly string[])[]} [build]
 * @property {readonly string[]} [bundle] arguments with which `program` builds
 * @property {string} [pages]
 * @property {string} [main]
 * @property {string} [program]
 * @property {readonly string[]} [arguments]
 * @property {(port: number) => readonly string[]} [serve]
 * @property {boolean} [servesPages] whether the server's answer is also the page to open
 */

const sources = { "src/program.js": PROGRAM, "src/worker.js": WORKER_MAIN, "src/main.js": NODE_MAIN };
const together = { ...sources, "src/page.js": PAGE_MAIN };
const beside = { ...sources, "src/page.js": PAGE_BESIDE_WORKER, "dist/index.html": HTML };

const nextFiles = {
  "app/layout.js": `export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}
`,
  "app/page.js": `import Runner from "./runner.js";
import { run } from "../src/program.js";
export default async function Page() {
  return <><Runner /><pre id="server">{JSON.stringify(await run())}</pre></>;
}
`,
  "app/runner.js": `"use client";
import { useEffect } from "react";
export default function Runner() {
  useEffect(() => { import("../src/page.js"); }, []);
  return null;
}
`,
  ...together,
};

const workerd = `import { tensor } from "@adjoint/core";
import module from "@adjoint/core/kernels.wasm";
import { run } from "./program.js";
export default {
  async fetch() {
    try {
      tensor([1]);
    } catch (error) {
      if (!error.message.includes("@adjoint/core/kernels.wasm")) throw error;
    }
    return Response.json(await run({ module }));
  },
};
`;

const workerdConfig = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", http = (), service = "main")]
);
const main :Workerd.Worker = (
  modules = [
    (name = "worker", esModule = embed "dist/worker.js"),
    (name = "@adjoint/core/kernels.wasm", wasm = embed "node_modules/@adjoint/core/dist/kernels.wasm")
  ],
  compatibilityDate = "2026-11-01"
);
`;

const BUN = "@oven/bun-linux-x64/bin/bun";
const WORKERD = "@cloudflare/workerd-linux-64/bin/workerd";

/** @type {readonly Tool[]} */
export const TOOLS = [
  { name: "Node", packages: {}, files: sources, main: "src/main.js" },
  {
    name: "esbuild",
    packages: { esbuild: "0.28.2" },
    files: beside,
    build: [
      [
        ...["esbuild/bin/esbuild", "src/page.js", "src/worker.js"],
        ...["--bundle", "--minify", "--format=esm", "--outdir=dist"],
      ],
      [...["esbuild/bin/esbuild", "src/main.js"], ...["--bundle", "--platform=node", "--outfile=node/main.cjs"]],
    ],
    pages: "dist",
    main: "node/main.cjs",
  },
  {
    name: "Rollup",
    packages: { rollup: "4.68.7", "@rollup/plugin-node-resolve": "16.0.3" },
    files: beside,
    build: [
      [
        ...["rollup/dist/bin/rollup", "src/page.js", "src/worker.js", "src/main.js"],
        ...["-d", "dist", "-p", "node-resolve"],
      ],
    ],
    pages: "dist",
    main: "dist/main.js",
  },
  {
    name: "Vite",
    packages: { vite: "8.4.0" },
    files: { ...together, "index.html": HTML.replace("./page.js", "./src/page.js") },
    build: [["vite/bin/vite.js", "build"]],
    pages: "dist",
  },
  {
    name: "webpack",
    packages: { webpack: "5.113.0", "webpack-cli": "7.3.1" },
    files: { ...together, "pages/index.html": HTML.replace('type="module" src="./page.js"', 'src="./main.js"') },
    build: [
      [...["webpack-cli/bin/cli.js", "./src/page.js"], ...["--mode", "production", "-o", "pages"]],
      [...["webpack-cli/bin/cli.js", "./src/main.js"], ...["--mode", "production", "--target", "node", "-o", "node"]],
    ],
    pages: "pages",
    main: "node/main.js",
  },
  {
    name: "Parcel",
    packages: { parcel: "2.16.4" },
    files: { ...together, "src/index.html": HTML },
    build: [["parcel/lib/bin.js", "build", "src/index.html", "--no-cache"]],
    pages: "dist",
  },
  ...["turbopack", "webpack"].map((bundler) => ({
    name: `Next, ${bundler === "webpack" ? bundler : "Turbopack"}`,
    packages: { next: "16.4.6", react: "19.3.1", "react-dom": "19.3.1" },
    files: nextFiles,
    build: [["next/dist/bin/next", "build", `--${bundler}`]],
    serve: (/** @type {number} */ port) => ["node", "node_modules/next/dist/bin/next", "start", "-p", String(port)],
    servesPages: true,
  })),
  {
    name: "Bun",
    packages: { bun: "1.4.5" },
    files: beside,
    program: BUN,
    main: "src/main.js",
  },
  {
    name: "Bun, bundled",
    packages: { bun: "1.4.5" },
    files: beside,
    pages: "dist",
    program: BUN,
    bundle: ["build", "src/page.js", "src/worker.js", "--outdir=dist"],
  },
  {
    name: "Deno",
    packages: { deno: "2.9.6" },
    files: sources,
    program: "@deno/linux-x64-glibc/deno",
    arguments: ["run"],
    main: "src/main.js",
  },
  {
    name: "workerd",
    packages: { workerd: "1.20261117.1", esbuild: "0.28.2" },
    files: { "src/program.js": PROGRAM, "src/cloudflare.js": workerd, "config.capnp": workerdConfig },
    build: [
      [
        ...["esbuild/bin/esbuild", "src/cloudflare.js", "--bundle", "--format=esm"],
        ...["--outfile=dist/worker.js", "--external:*.wasm"],
      ],
    ],
    serve: (port) => [`node_modules/${WORKERD}`, "serve", "config.capnp", `--socket-addr=http=127.0.0.1:${port}`],
  },
];
