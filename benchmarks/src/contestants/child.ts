// The process of a contestant that runs in Node: loads its library and does what it is asked over the channel.

import type { Implementation, Prepared } from "./implementation.js";
import type { Answer, ContestantSpec, Request } from "./protocol.js";

type Loader = (spec: ContestantSpec) => Promise<Implementation>;

// Loaded one by one: no library may find another one's globals or threads in its process.
const loaders: Readonly<Record<string, () => Promise<Loader>>> = {
  adjoint: async () => (await import("./adjoint.js")).createAdjoint,
  tfjs: async () => (await import("./tfjs.js")).createTfjs,
  "jax-js": async () => (await import("./jax-js.js")).createJaxJs,
  "gpu.js": async () => (await import("./gpu-js.js")).createGpuJs,
};

const spec: ContestantSpec = JSON.parse(process.argv[2] ?? "{}");
const prepared = new Map<string, Prepared>();
let implementation: Promise<Implementation> | undefined;

/** One after the other, in the order in which they came. */
let last = Promise.resolve();
process.on("message", (request: Request) => {
  last = last.then(async () => {
    const answer = await handle(request).catch((error: unknown) => ({
      error: error instanceof Error ? error.message : String(error),
    }));
    process.send?.({ id: request.id, ...answer });
  });
});
// The main process is gone: so is the reason to go on.
process.on("disconnect", () => process.exit(0));

async function handle(request: Request): Promise<Omit<Answer, "id">> {
  implementation ??= load();
  const library = await implementation;
  if (request.action === "about") return { about: library.about() };
  if (request.action === "prepare") {
    const work = await library.prepare(request.task);
    prepared.set(request.key, work);
    return { result: work.result };
  }
  const work = prepared.get(request.key);
  if (!work) throw new Error(`nothing was prepared as "${request.key}"`);
  if (request.action === "run") return { milliseconds: await run(work, request.calls) };
  work.forget?.();
  prepared.delete(request.key);
  return {};
}

async function load(): Promise<Implementation> {
  const loader = loaders[spec.library];
  if (!loader) throw new Error(`no such library: ${spec.library}`);
  return (await loader())(spec);
}

/** Milliseconds of that many calls, after one that wakes threads and fills caches. */
async function run({ begin, call, settle }: Prepared, calls: number): Promise<number> {
  begin?.();
  await call();
  await settle?.();
  const start = performance.now();
  for (let i = 0; i < calls; i++) {
    const pending = call();
    // awaiting what is no promise would measure the event loop
    if (pending) await pending;
  }
  await settle?.();
  return performance.now() - start;
}
