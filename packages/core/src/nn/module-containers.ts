// ModuleList and ModuleDict: modules by place and by name. Plain arrays, objects and maps do as well; these know the types
// of what they hold, refuse what is no module, and are found under the names that PyTorch gives them.

import { describe } from "../describe.js";
import { ArgumentError } from "../errors.js";
import { type AnyModule, Module } from "./module.js";

/** What holds modules and is not applied itself. */
abstract class ModuleContainer extends Module<[], never> {
  override get isContainer(): boolean {
    return true;
  }

  /** @throws ArgumentError always: what is applied are the modules inside */
  forward(): never {
    throw new ArgumentError(this.kind, "is not applied itself; apply the modules in it");
  }
}

/**
 * Modules in a row, by index: `list[0]`, `list.at(-1)`, `for (const module of list)`. Their parameters are named by
 * their places, `blocks.0.kernel`.
 */
export class ModuleList<Item extends AnyModule = Module> extends ModuleContainer implements Iterable<Item> {
  readonly kind = "ModuleList";
  [index: number]: Item;

  /** @throws ArgumentError for what is no module */
  constructor(modules: Iterable<Item> = [], options: { name?: string } = {}) {
    super(options);
    this.append(...modules);
  }

  /** The number of modules. */
  get length(): number {
    let length = 0;
    while (this[length] !== undefined) length++;
    return length;
  }

  /** The module at an index; a negative one counts from the end. Undefined where there is none. */
  at(index: number): Item | undefined {
    return this[index < 0 ? this.length + index : index];
  }

  /** Adds modules at the end. Throws ArgumentError for what is no module. */
  append(...modules: readonly Item[]): this {
    for (const module of modules) checkModule("ModuleList", module);
    return this.#replaceBy([...this, ...modules]);
  }

  /** Puts a module in front of the one at `index`, or at the end. Throws ArgumentError for no module, and no place. */
  insert(index: number, module: Item): this {
    return this.#splice(index, 0, this.length, module);
  }

  /** Puts a module in the place of another. Throws ArgumentError for no module, and where there is none to replace. */
  set(index: number, module: Item): this {
    return this.#splice(index, 1, this.length - 1, module);
  }

  /** Takes a module out; those behind it move up. Throws ArgumentError where there is none. */
  delete(index: number): this {
    return this.#splice(index, 1, this.length - 1);
  }

  *[Symbol.iterator](): Generator<Item, void, undefined> {
    for (let i = 0; i < this.length; i++) yield this[i] as Item;
  }

  #splice(index: number, removed: number, last: number, ...modules: readonly Item[]): this {
    if (!Number.isInteger(index) || index < 0 || index > last) {
      throw new ArgumentError("ModuleList", `there is no place ${index} in a list of ${this.length}`);
    }
    for (const module of modules) checkModule("ModuleList", module);
    const all = [...this];
    all.splice(index, removed, ...modules);
    return this.#replaceBy(all);
  }

  /** The modules are fields named by their places, which is where indexing and the search for parts find them. */
  #replaceBy(modules: readonly Item[]): this {
    for (let i = this.length - 1; i >= modules.length; i--) delete this[i];
    modules.forEach((module, i) => {
      this[i] = module;
    });
    return this;
  }
}

/**
 * Modules by name: `dict.get("encoder")`, `for (const [name, module] of dict)`. Their parameters are named by their
 * keys, `heads.encoder.kernel`. With keys that are known to the compiler, so is the type of each module.
 */
export class ModuleDict<Modules extends Readonly<Record<string, AnyModule>> = Readonly<Record<string, Module>>>
  extends ModuleContainer
  implements Iterable<[string, Modules[keyof Modules]]>
{
  readonly kind = "ModuleDict";
  /** The modules by their keys, in the order in which they were added. Changed by `set` and `delete`. */
  readonly modules: ReadonlyMap<string, Modules[keyof Modules]> = new Map();

  /** @throws ArgumentError for what is no module, and for a key that is empty or has a dot in it */
  constructor(modules?: Modules, options: { name?: string } = {}) {
    super(options);
    for (const [key, module] of Object.entries(modules ?? {})) this.set(key, module as Modules[string]);
  }

  protected override get inlinedField(): string {
    return "modules";
  }

  /** The number of modules. */
  get size(): number {
    return this.modules.size;
  }

  /** Whether there is a module under a key. */
  has(key: string): boolean {
    return this.modules.has(key);
  }

  /** The module under a key. Throws ArgumentError where there is none, with the keys that there are. */
  get<Key extends keyof Modules & string>(key: Key): Modules[Key] {
    const module = this.modules.get(key);
    if (module !== undefined) return module as Modules[Key];
    const keys = [...this.modules.keys()].map((known) => `"${known}"`).join(", ");
    throw new ArgumentError("ModuleDict", `has no module "${key}"; it has ${keys || "none at all"}`);
  }

  /** Puts a module under a key. Throws ArgumentError for no module, and for a key that is empty or has a dot in it. */
  set<Key extends keyof Modules & string>(key: Key, module: Modules[Key]): this {
    checkModule("ModuleDict", module);
    if (typeof key !== "string" || key === "" || key.includes(".")) {
      throw new ArgumentError("ModuleDict", `a key must be a text without a dot, got ${JSON.stringify(key)}`);
    }
    (this.modules as Map<string, Modules[keyof Modules]>).set(key, module);
    return this;
  }

  /** Takes a module out. Returns whether there was one. */
  delete(key: string): boolean {
    return (this.modules as Map<string, Modules[keyof Modules]>).delete(key);
  }

  /** The keys and the modules, in the order in which they were added. */
  [Symbol.iterator](): IterableIterator<[string, Modules[keyof Modules]]> {
    return this.modules.entries();
  }
}

function checkModule(where: string, value: unknown): void {
  if (!(value instanceof Module)) throw new ArgumentError(where, `takes modules, got ${describe(value)}`);
}
