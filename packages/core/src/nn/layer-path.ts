// Where a layer is in the model that is being applied, as errors say it: `generator/2 (Dense 128→784)`.

import { AdjointError } from "../errors.js";
import type { AnyModule } from "./module.js";

/** The path to the last of the modules, each of which is applied inside of the one before; with what that one is. */
export function describeLayer(modules: readonly AnyModule[]): string | undefined {
  const innermost = modules.at(-1);
  if (!innermost) return undefined;
  if (modules.length === 1 && innermost.name === undefined) return describeKind(innermost);
  const names = modules.map((module, i) => nameWithin(modules[i - 1], module));
  return `${names.join("/")} (${describeKind(innermost)})`;
}

/** The kind of a module, and its sizes: `Dense 128→784`. */
export function describeKind({ kind, signature }: AnyModule): string {
  return signature === undefined ? kind : `${kind} ${signature}`;
}

/** Puts the layer in front of what one of the library's errors says, unless a layer stands there. */
export function nameLayer(error: unknown, modules: readonly AnyModule[]): void {
  if (!(error instanceof AdjointError) || error.layer !== undefined) return;
  const layer = describeLayer(modules);
  if (layer === undefined) return;
  const { message, stack } = error;
  error.layer = layer;
  error.message = `${layer}: ${message}`;
  // V8's begins with the message as it was
  if (stack?.includes(message)) error.stack = stack.replace(message, () => error.message);
}

/** What a module is called inside of another: the way through the fields that lead to it, or else its own name. */
function nameWithin(outer: AnyModule | undefined, module: AnyModule): string {
  const ways = new Map<AnyModule, string>(outer ? [[outer, ""]] : []);
  for (const [holder, way] of ways) {
    for (const [name, child] of holder.children()) {
      if (child === module) return way + name;
      if (!ways.has(child)) ways.set(child, `${way}${name}.`);
    }
  }
  return module.name ?? module.kind;
}
