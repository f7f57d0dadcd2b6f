// What the tests have a browser compute, in a page or in a Web Worker, and how they are answered.

import { type BackendInfo, currentBackend, tensor, useBackend } from "@adjoint/core";
import { type GanOutcome, trainGan } from "./gan-program.js";
import { type KernelOutcome, runKernels } from "./kernel-program.js";

/** What a program found out about where it ran. */
export interface Place {
  readonly kind: "page" | "worker";
  readonly crossOriginIsolated: boolean;
  readonly hardwareThreads: number;
}

/** What computing without choosing a backend came to. */
export interface DefaultOutcome {
  readonly backend: string;
  readonly threads: number;
  readonly values: readonly number[];
}

const programs = {
  gan: (threads: number): Promise<GanOutcome> => trainGan(threads),
  kernels: (threads: number): Promise<KernelOutcome> => runKernels(threads),
  /** The first tensor of a page, and what is read of it, without any waiting. */
  async default(): Promise<DefaultOutcome> {
    const product = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]).matmul(
      tensor([
        [7, 8],
        [9, 10],
        [11, 12],
      ]),
    );
    const values = Array.from(product.add(0.5).dataSync());
    return { backend: currentBackend().name, threads: currentBackend().info().threads, values };
  },
  /** What the backend that is chosen without a number of threads says of itself before it has computed. */
  async chosen(): Promise<BackendInfo> {
    const { backend } = await useBackend("wasm");
    const info = backend.info();
    await backend.dispose();
    return info;
  },
};

/** The names of the programs, with what each comes to. */
export type Programs = { readonly [Name in keyof typeof programs]: Awaited<ReturnType<(typeof programs)[Name]>> };

/** What is to be run. */
export interface ProgramRequest<Name extends keyof Programs = keyof Programs> {
  readonly program: Name;
  readonly threads: number;
}

/** What a program came to, and where; or what it threw. */
export type ProgramReply<Name extends keyof Programs = keyof Programs> =
  | { readonly place: Place; readonly outcome: Programs[Name] }
  | { readonly place: Place; readonly error: string };

/** Runs a program here. */
export async function reply({ program, threads }: ProgramRequest): Promise<ProgramReply> {
  const place: Place = {
    kind: "document" in globalThis ? "page" : "worker",
    crossOriginIsolated: globalThis.crossOriginIsolated,
    hardwareThreads: navigator.hardwareConcurrency,
  };
  try {
    return { place, outcome: await programs[program](threads) };
  } catch (error) {
    return { place, error: String(error) };
  }
}
