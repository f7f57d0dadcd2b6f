// Values in containers: arrays, plain objects, maps and sets, of this realm or another, nested to any depth.

/** The values of a container, in order, their keys, or else their places, and how many were visited. */
interface Contents {
  readonly path: string;
  readonly keys: readonly unknown[] | undefined;
  readonly values: readonly unknown[];
  next: number;
}

/** Returns true for a value that it takes, so that nothing is looked for inside. */
export type Visit = (value: unknown, path: string, key: string | number) => boolean;

/**
 * Visits the values in a container, depth first, and those in the containers that `visit` does not take. Each container
 * is entered once, so that a cycle ends. Visits nothing where `container` is none.
 *
 * @param path what leads to the container; `path.key` leads to a value in it. Entries of sets, and of maps under keys
 *   that are objects or symbols, have their place as their key
 */
export function visitContents(container: unknown, path: string, visit: Visit): void {
  const first = contentsOf(container, path);
  if (!first) return;
  const entered = new Set([container]);
  // a stack of its own: recursion would overflow on a long linked list
  const open = [first];
  for (let level = open.at(-1); level; level = open.at(-1)) {
    const place = level.next++;
    if (place >= level.values.length) {
      open.pop();
      continue;
    }
    const value = level.values[place];
    const key = level.keys ? keyName(level.keys[place], place) : place;
    if (visit(value, level.path, key) || !isObject(value) || entered.has(value)) continue;
    const inside = contentsOf(value, pathTo(level.path, key));
    if (!inside) continue;
    entered.add(value);
    open.push(inside);
  }
}

/** The path of a value that `visitContents` hands out. */
export function pathTo(path: string, key: string | number): string {
  return path === "" ? String(key) : `${path}.${key}`;
}

/** Whether a value is an array, a plain object, a map or a set. */
export function isContainer(value: unknown): boolean {
  return isObject(value) && (Array.isArray(value) || isPlainObject(value) || isMap(value) || isSet(value));
}

function contentsOf(value: unknown, path: string): Contents | undefined {
  if (Array.isArray(value)) return { path, keys: undefined, values: value, next: 0 };
  if (!isObject(value)) return undefined;
  if (isPlainObject(value)) return { path, keys: Object.keys(value), values: Object.values(value), next: 0 };
  if (isMap(value)) return { path, keys: [...value.keys()], values: [...value.values()], next: 0 };
  return isSet(value) ? { path, keys: undefined, values: [...value], next: 0 } : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Whether a value is an object of no class: its prototype is Object.prototype, of whatever realm, or null. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

// `instanceof` does not know the maps and sets of another realm
function isMap(value: object): value is ReadonlyMap<unknown, unknown> {
  return value instanceof Map || Object.prototype.toString.call(value) === "[object Map]";
}

function isSet(value: object): value is ReadonlySet<unknown> {
  return value instanceof Set || Object.prototype.toString.call(value) === "[object Set]";
}

function keyName(key: unknown, place: number): string | number {
  if (typeof key === "string" || typeof key === "number") return key;
  return typeof key === "bigint" || typeof key === "boolean" ? String(key) : place;
}
