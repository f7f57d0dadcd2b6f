// What `useBackend("auto")` and the doctor measure: a training step, in the primitives of the contract.

import type { Backend, BackendBuffer, MatmulSpec } from "./backend.js";

/** First steps compile kernels and wake threads. */
const WARMING = { steps: 3, milliseconds: 30 };
const ROUNDS = 8;
/** No more rounds for a backend that has taken so long. */
const MOST_MILLISECONDS = 60;

/** The layer of the GAN that has most of its work: [batch, inputs] · [inputs, outputs]. */
const [BATCH, INPUTS, OUTPUTS] = [128, 784, 128];

const PLAIN = { batch: 1, transposeA: false, transposeB: false, sharedA: false, sharedB: false };
const FORWARD: MatmulSpec = { ...PLAIN, m: BATCH, n: OUTPUTS, k: INPUTS };
const TO_WEIGHTS: MatmulSpec = { ...PLAIN, m: INPUTS, n: OUTPUTS, k: BATCH, transposeA: true };
const TO_INPUTS: MatmulSpec = { ...PLAIN, m: BATCH, n: INPUTS, k: OUTPUTS, transposeB: true };

/** One layer that learns: its output, the gradients of its weights and its input, and an update of the weights. */
class Step {
  readonly #backend: Backend;
  readonly #x: BackendBuffer;
  readonly #weights: BackendBuffer;
  readonly #bias: BackendBuffer;
  readonly #rate: BackendBuffer;

  constructor(backend: Backend) {
    const values = (size: number): Float32Array => Float32Array.from({ length: size }, (_, i) => Math.sin(i) / 8);
    this.#backend = backend;
    this.#x = backend.upload(values(BATCH * INPUTS));
    this.#weights = backend.upload(values(INPUTS * OUTPUTS));
    this.#bias = backend.upload(values(OUTPUTS));
    this.#rate = backend.fill("float32", 1, 1e-6);
  }

  /** Computes, waits for a number that all depends on, and returns the milliseconds that took. */
  async run(): Promise<number> {
    const began = performance.now();
    const backend = this.#backend;
    const shape = [INPUTS, OUTPUTS];
    const epilogue = { bias: this.#bias, activation: { name: "leakyRelu", parameters: [0.01] } } as const;
    const y = backend.matmul(this.#x, this.#weights, FORWARD, epilogue);
    const dw = backend.matmul(this.#x, y, TO_WEIGHTS);
    const dx = backend.matmul(y, this.#weights, TO_INPUTS);
    const change = backend.binary("mul", { buffer: dw, shape }, { buffer: this.#rate, shape: [] }, shape);
    const weights = { buffer: this.#weights, shape };
    const updated = backend.binary("sub", weights, { buffer: change, shape }, shape);
    backend.assign(this.#weights, updated);
    const squashed = backend.unary("tanh", dx, []);
    const total = backend.reduce("sum", { buffer: squashed, shape: [BATCH, INPUTS] }, [0, 1]);
    await backend.read(total);
    for (const buffer of [y, dw, dx, change, updated, squashed, total]) backend.free(buffer);
    return performance.now() - began;
  }

  free(): void {
    for (const buffer of [this.#x, this.#weights, this.#bias, this.#rate]) this.#backend.free(buffer);
  }
}

/**
 * Times a training step of one layer, 784 → 128 at a batch of 128, on each backend in turn, so that what disturbs the
 * machine disturbs all of them. A tenth of a second each, or a few steps where they are slow.
 *
 * @returns for each the fastest of a few steps, in milliseconds, or what it failed with
 */
export async function measureSteps(backends: readonly Backend[]): Promise<(number | Error)[]> {
  const trials = backends.map((backend) => new Trial(backend));
  for (const trial of trials) await trial.warm();
  for (let round = 0; round < ROUNDS; round++) for (const trial of trials) await trial.turn();
  return trials.map((trial) => trial.end());
}

/** The steps of one backend. */
class Trial {
  readonly #backend: Backend;
  #step: Step | undefined;
  #spent = 0;
  #fastest = Number.POSITIVE_INFINITY;
  #failure: Error | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async warm(): Promise<void> {
    for (let i = 0; i < WARMING.steps || this.#spent < WARMING.milliseconds; i++) {
      await this.turn();
      if (this.#failure || this.#spent > MOST_MILLISECONDS) break;
    }
    // what was slow since it was the first is not counted
    if (this.#spent <= MOST_MILLISECONDS) this.#fastest = Number.POSITIVE_INFINITY;
    this.#spent = 0;
  }

  /** A step, unless it failed before or has had its time. */
  async turn(): Promise<void> {
    if (this.#failure || this.#spent > MOST_MILLISECONDS) return;
    try {
      this.#step ??= new Step(this.#backend);
      const time = await this.#step.run();
      this.#spent += time;
      this.#fastest = Math.min(this.#fastest, time);
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  end(): number | Error {
    if (!this.#backend.disposed && !this.#failure) this.#step?.free();
    return this.#failure ?? this.#fastest;
  }
}
