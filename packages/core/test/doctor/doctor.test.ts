// The doctor: what is right passes, what is wrong is caught and named, and what is missing is told in its error's words.

import { readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { fileURLToPath } from "node:url";
import { ArgumentError, type Backend, currentBackend, useBackend } from "@adjoint/core";
import { type Diagnosis, diagnose, examine, formatDiagnosis } from "@adjoint/core/doctor";
import { beforeAll, describe, expect, it } from "vitest";
import * as broken from "./broken-backends.js";

const readme = readFileSync(fileURLToPath(new URL("../../../../README.md", import.meta.url)), "utf8");

/** Modes that CI must have, since what they need is installed there. */
const REQUIRED = [
  ...["reference", "wasm", "gpu:cpu", "gpu:webasm"],
  ...(process.env.ADJOINT_REQUIRE_BLAS === "1" ? ["blas"] : []),
  ...(process.env.ADJOINT_REQUIRE_WEBGPU === "1" ? ["gpu:webgpu"] : []),
];

describe("diagnose", () => {
  let diagnosis: Diagnosis;
  const named = (name: string) => diagnosis.backends.find((backend) => backend.name === name);

  beforeAll(async () => {
    await useBackend("reference");
    diagnosis = await diagnose({ quick: true });
  });

  it("finds every backend that is here, and nothing wrong with any", () => {
    const found = diagnosis.backends.filter((backend) => backend.available);
    expect(found.map(({ name }) => name)).toEqual(expect.arrayContaining(REQUIRED));
    for (const backend of found)
      expect({ name: backend.name, problems: backend.problems }).toEqual({ name: backend.name, problems: [] });
    expect(diagnosis.healthy).toBe(true);
  });

  it("compares every op that the README lists", () => {
    const families =
      readme.match(
        /^\| (making|arithmetic|comparing|activations|reducing|products|arranging|images|normalizing) .*/gm,
      ) ?? [];
    const listed = [...families.join().matchAll(/`(\w+)`/g)].map(([, name]) => name as string);
    const wasm = named("wasm");
    const compared = wasm?.available ? wasm.ops.map(({ what }) => what.split(/[ ,]/, 1)[0]) : [];
    // they make what others are compared with, or zeros, ones and fulls in another's shape
    const left = ["tensor", "zerosLike", "onesLike"];
    expect(listed.length).toBeGreaterThan(40);
    expect(listed.filter((op) => !compared.includes(op) && !left.includes(op))).toEqual([]);
  });

  it("has errors and speeds that are numbers, and steps of all", () => {
    for (const backend of diagnosis.backends) {
      if (!backend.available) continue;
      for (const { error, tolerance } of [...backend.ops, ...backend.network]) {
        expect(error).toBeGreaterThanOrEqual(0);
        expect(error).toBeLessThanOrEqual(tolerance);
      }
      expect(backend.network).toHaveLength(7);
      expect(backend.speed?.products.map(({ size }) => size)).toEqual(["128×784×128"]);
      for (const { gigaflops } of backend.speed?.products ?? []) expect(gigaflops).toBeGreaterThan(0);
      expect(backend.speed?.ganStepMilliseconds).toBeGreaterThan(0);
      expect(backend.speed?.autoStepMilliseconds).toBeGreaterThan(0);
    }
    // rounding to float32 shows somewhere
    const wasm = named("wasm");
    expect(wasm?.available && Math.max(...wasm.ops.map(({ error }) => error ?? 0))).toBeGreaterThan(1e-9);
  });

  it("says what is missing as the error does that asking for it gives", async () => {
    const missing = named("gpu:webgl2");
    const error: unknown = await useBackend("gpu:webgl2").catch((thrown: unknown) => thrown);
    expect(missing).toEqual({ name: "gpu:webgl2", available: false, missing: (error as Error).message });
  });

  it("recommends one that is here, by the numbers of its GAN steps", () => {
    const { backend = "", reason } = diagnosis.recommendation;
    expect(named(backend)?.available).toBe(true);
    expect(reason).toMatch(/^a step of the GAN takes [\d.]+ ms on wasm, /);
    expect(reason).toMatch(new RegExp(` [\\d.]+ ms on ${backend}(,|$)`));
  });

  it("leaves the current backend as it is", () => {
    expect(currentBackend().name).toBe("reference");
    expect(currentBackend().disposed).toBe(false);
  });

  it("is plain JSON, and its text names no folder and nobody", () => {
    expect(JSON.parse(JSON.stringify(diagnosis))).toEqual(diagnosis);
    const texts = [formatDiagnosis(diagnosis), JSON.stringify(diagnosis)];
    const { username } = userInfo();
    const secrets = [homedir(), process.cwd(), ...(username.length > 4 ? [username] : [])].filter(
      (secret) => secret.length > 1,
    );
    for (const text of texts) for (const secret of secrets) expect(text).not.toContain(secret);
    for (const { name } of diagnosis.backends) expect(texts[0]).toContain(name);
    expect(texts[0]).toContain(`Node ${process.versions.node}`);
    expect(texts[0]).toMatch(/^Recommended: useBackend\("/m);
  });

  it("refuses a name that is no candidate", async () => {
    const refused = diagnose({ only: ["tpu"] });
    await expect(refused).rejects.toThrow(ArgumentError);
    await expect(refused).rejects.toThrow(/^diagnose: "tpu" is nothing to examine; known are: reference; wasm;/);
  });
});

const BROKEN = [
  ["a wrong value", broken.inaccurate, /^tanh: element \d+ is .*, expected /],
  ["a wrong gradient", broken.wrongGradient, /^gradient of kernel 1: element \d+ is .*, expected /],
  ["values that differ from call to call", broken.unsteady, /^matmul 37×61×23: not the same bits when computed again$/],
  ["an op that throws", broken.throwing, /^pow: pow broke in <path>$/],
  ["a device that is lost", broken.dying, /^\w+: the device was lost$/],
  ["NaN", broken.unfinished, /^matmul 128×784×128: element 16383 is NaN, expected /],
  ["a wrong kernel gradient", broken.wrongKernelGradient, /^conv2d, and its gradients: element \d+ is .*, expected /],
  ["wrong windows", broken.wrongWindows, /^averagePool2d, and its gradients: element \d+ is .*, expected /],
  ["wrong sums", broken.wrongSums, /^batchNorm, and its gradients: element \d+ is .*, expected /],
] as const;

describe("a broken backend", () => {
  let diagnosis: Diagnosis;
  const made: Backend[] = [];

  beforeAll(async () => {
    await useBackend("reference");
    const kinds = [...BROKEN, ["nothing", broken.sound] as const];
    const candidates = kinds.map(([name, make]) => ({
      name,
      async start() {
        const backend = await make();
        made.push(backend);
        return backend;
      },
    }));
    diagnosis = await diagnose({ quick: true, candidates });
  });

  it.each(BROKEN)("is caught by %s, and named", (kind, _, problem) => {
    const found = diagnosis.backends.find(({ name }) => name === kind);
    expect(found?.available && found.problems).toEqual(expect.arrayContaining([expect.stringMatching(problem)]));
  });

  it("is not recommended, and nothing is said of one that is sound", () => {
    expect([diagnosis.healthy, diagnosis.recommendation.backend]).toEqual([false, "nothing"]);
    expect(diagnosis.backends.at(-1)).toMatchObject({ name: "nothing", problems: [] });
  });

  it("is disposed of, and leaves the current backend as it is", () => {
    expect(made.map(({ disposed }) => disposed)).toEqual(new Array(3 * (BROKEN.length + 1)).fill(true));
    expect(currentBackend().name).toBe("reference");
  });

  it("has its problems in the text, and nothing is recommended where there is no other", async () => {
    const alone = await diagnose({ quick: true, candidates: [{ name: "broken", start: broken.inaccurate }] });
    const text = formatDiagnosis(alone);
    expect(text).toMatch(/^broken +WRONG/m);
    expect(text).toMatch(/^WRONG: broken\n {2}tanh: element/m);
    expect(text).toMatch(/^Recommended: none$/m);
    expect(alone.recommendation.backend).toBeUndefined();
  });

  it("that does not start is missing, without the paths of its error", async () => {
    const start = () => Promise.reject(new Error("cannot open /home/alice/lib/libmine.so.3"));
    const { backends, healthy } = await diagnose({ candidates: [{ name: "mine", start }] });
    expect(backends).toEqual([{ name: "mine", available: false, missing: "cannot open libmine.so.3" }]);
    expect(healthy).toBe(true);
  });
});

describe("examine", () => {
  it("takes a backend of yours, and leaves it open", async () => {
    const backend = await broken.sound();
    const { problems, differing, speed } = await examine(backend, { quick: true });
    expect([problems, differing, backend.disposed]).toEqual([[], [], false]);
    expect(speed?.products).toHaveLength(1);
    await backend.dispose();
  });
});
