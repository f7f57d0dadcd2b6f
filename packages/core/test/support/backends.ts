// The float32 backends that the shared suite runs on, and those that it cannot, with the reason.

import { type Backend, BackendError, type BackendName, backendNames, currentBackend, useBackend } from "@adjoint/core";

/** A backend that was started. */
export interface Available {
  readonly name: BackendName;
  readonly backend: Backend;
}

/** A backend that cannot be had here. */
export interface Missing {
  readonly name: BackendName;
  readonly reason: string;
}

/**
 * Names that stand for another backend; the referee, whose values are the expected ones; and modes that need a GPU or a
 * program that plays one, which have files of their own in test/gpu.
 */
const NOT_COMPARED: readonly BackendName[] = ["auto", "gpu", "reference:float64", "gpu:webgpu", "gpu:webgl2"];

/** Why a backend cannot be had here; undefined where it is now the current one. Throws all but a BackendError. */
export async function problemWith(name: BackendName): Promise<string | undefined> {
  try {
    await useBackend(name);
    return undefined;
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return error.message.split("\n", 1)[0] ?? "";
  }
}

/** Starts every float32 backend there is. Any failure but a BackendError is a bug, and thrown. */
export async function startBackends(): Promise<{ available: Available[]; missing: Missing[] }> {
  const available: Available[] = [];
  const missing: Missing[] = [];
  for (const name of backendNames().filter((known) => !NOT_COMPARED.includes(known))) {
    const reason = await problemWith(name);
    if (reason === undefined) available.push({ name, backend: currentBackend() });
    else missing.push({ name, reason });
  }
  await useBackend("reference");
  return { available, missing };
}
