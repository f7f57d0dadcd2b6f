// The program that every project of `npm run compatibility` builds and runs, and the page and the worker around it.

/** Ten lines of a user: a gradient and a step of an optimizer, and products that are large enough for all threads. */
export const PROGRAM = `import { Adam, Dense, Random, randomNormal, useBackend } from "@adjoint/core";

export async function run(options = {}) {
  const { backend } = await useBackend("wasm", options);
  const random = new Random(1);
  const model = new Dense(64, 8, { random });
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
  const loss = optimizer.minimize(() => model.apply(randomNormal([256, 64], { random })).square().mean());
  const x = randomNormal([512, 512], { random });
  const mean = await x.matmul(x).tanh().mean().item();
  await backend.ready();
  return { threads: backend.info().threads, loss: await loss.item(), mean };
}
`;

/** Prints what the program returns: for Node and what is like it. */
export const NODE_MAIN = `import { run } from "./program.js";
run().then((outcome) => console.log(JSON.stringify(outcome)));
`;

/** The page: runs the program in itself, then in a Web Worker, and keeps both outcomes. */
export const PAGE_MAIN = pageWith(`new Worker(new URL("./worker.js", import.meta.url), { type: "module" })`);

/** The same where a bundler has no workers: worker.js is a program of its own beside it. */
export const PAGE_BESIDE_WORKER = pageWith(`new Worker("./worker.js", { type: "module" })`);

export const WORKER_MAIN = `import { run } from "./program.js";
self.onmessage = () => {
  run().then((outcome) => self.postMessage(outcome), (error) => self.postMessage({ error: String(error) }));
};
`;

export const HTML = `<!doctype html>
<title>adjoint</title>
<link rel="icon" href="data:,">
<script type="module" src="./page.js"></script>
`;

/** @param {string} worker what starts the worker */
function pageWith(worker) {
  return `import { run } from "./program.js";
const inWorker = () => new Promise((resolve, reject) => {
  const worker = ${worker};
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error("the worker failed: " + message));
  worker.postMessage("run");
});
const settled = (promise) => promise.catch((error) => ({ error: String(error) }));
globalThis.outcome = (async () => ({ page: await settled(run()), worker: await settled(inWorker()) }))();
`;
}
