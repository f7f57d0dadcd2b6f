// Modules of Node, where this is Node. Nothing is imported, so bundles for browsers have no trace of them.

interface NodeProcess {
  getBuiltinModule?(name: string): unknown;
  readonly versions?: { readonly node?: string };
}

/** A module that comes with Node, typed as far as the caller needs it; undefined elsewhere. */
export function nodeModule<Module>(name: string): Module | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  return process?.versions?.node ? (process.getBuiltinModule?.(name) as Module | undefined) : undefined;
}
