// Optional packages, imported by a name that bundlers do not see: a literal one would be a file that must be there when
// they bundle. Node finds such a package when it is asked for; in a bundle the program has to hand it over itself.

/** Imports a package by name where the program runs. Rejects as `import()` does. */
export function importOptional(name: string): Promise<unknown> {
  return import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name);
}

/** Whether an import failed because the package itself is not there, as far as Node says so. */
export function isNotFound(error: unknown, packageName: string): boolean {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const named = typeof message === "string" && message.includes(`'${packageName}'`);
  return named && (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND");
}

/** Whether this is Node, or one that says it is like Node, and not a browser. */
export function isNode(): boolean {
  const { process } = globalThis as { readonly process?: { readonly versions?: { readonly node?: string } } };
  return process?.versions?.node !== undefined;
}
