// Wrong arguments in words, for error messages. Whatever is passed in, nothing here throws.

/** What kind of thing a value is: `null`, `an array`, `an object (Map)`, `string`. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (isArray(value)) return "an array";
  return typeof value === "object" ? `an object (${classNameOf(value)})` : typeof value;
}

/** Entries of an array, and characters of a text, that a message shows. */
const MOST_SHOWN = 12;

/** A value as a message quotes it: numbers and short texts as they are written in code, arrays with their entries. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol") return "a symbol";
  if (typeof value === "function") return "a function";
  if (isArray(value)) return showList(value);
  return typeof value === "object" && value !== null ? describe(value) : String(value);
}

/** `[2,3]`; of a long list the beginning. */
export function showList(values: ArrayLike<unknown>): string {
  const shown = Array.from({ length: Math.min(values.length, MOST_SHOWN) }, (_, i) => {
    const value = values[i];
    return isArray(value) ? "[…]" : show(value);
  });
  return `[${shown.join(",")}${values.length > MOST_SHOWN ? `,… ${values.length} in all` : ""}]`;
}

/** Not `any[]`, as the standard library has it. */
function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function classNameOf(value: object): string {
  const { constructor: kind } = value;
  return typeof kind === "function" && kind.name ? kind.name : "of no class";
}
