// Modules of Node, where this is Node. Nothing is imported, so bundles for browsers have no trace of them.

/** What is looked at of Node's `process`. */
export interface NodeProcess {
  getBuiltinModule?(name: string): unknown;
  readonly versions?: {
    readonly node?: string;
    readonly bun?: string;
    readonly deno?: string;
    readonly electron?: string;
  };
  /** There where Node was started with its permission model. */
  readonly permission?: { has(scope: string): boolean };
}

/** A module that comes with Node, typed as far as the caller needs it; undefined elsewhere. */
export function nodeModule<Module>(name: string): Module | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  return process?.versions?.node ? (process.getBuiltinModule?.(name) as Module | undefined) : undefined;
}
