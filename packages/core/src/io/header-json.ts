// JSON as headers of files need it, whose numbers are kept as text unless they are whole and ≥ 0. It refuses a name
// that occurs twice, which JSON.parse does not, and what is nested deeper or has more values than a header ever does, before they take more memory
// than the file's size justifies; and no name ("__proto__") is special.

/** What a header consists of. */
export type HeaderValue =
  | string
  | number
  | boolean
  | null
  | OtherNumber
  | readonly HeaderValue[]
  | ReadonlyMap<string, HeaderValue>;

/** A number that is no whole number from 0 to 2⁵³ − 1: no size and no offset. */
export class OtherNumber {
  constructor(readonly text: string) {}
}

/** Makes the error to throw. `position` counts UTF-16 units from the start of the text. */
export type HeaderFailure = (position: number, expected: string, found: string) => Error;

const DEEPEST = 4;

/** About half a million tensors. */
const MOST_VALUES = 2 ** 22;

const LITERALS: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const LITERAL = /true|false|null/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\d.eE+-])/y;

const WHITESPACE = " \t\n\r";
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Parses the whole of `text`. Throws what `fail` makes. */
export function parseHeaderJson(text: string, fail: HeaderFailure): HeaderValue {
  const parser = new HeaderParser(text, fail);
  const value = parser.value(0);
  parser.end();
  return value;
}

/** Whether a string is well-formed Unicode, so that it has a form in UTF-8. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

class HeaderParser {
  #position = 0;
  #values = 0;

  constructor(
    readonly text: string,
    readonly fail: HeaderFailure,
  ) {}

  value(depth: number): HeaderValue {
    const next = this.#peek();
    this.#values++;
    if (this.#values > MOST_VALUES) throw this.#error(`at most ${MOST_VALUES} values`);
    if (next === '"') return this.#string();
    if (next !== "{" && next !== "[") return this.#literal();
    if (depth === DEEPEST) throw this.#error(`at most ${DEEPEST} levels`);
    return next === "{" ? this.#object(depth + 1) : this.#list(depth + 1);
  }

  end(): void {
    if (this.#peek() !== undefined) throw this.#error("the end");
  }

  #object(depth: number): ReadonlyMap<string, HeaderValue> {
    const entries = new Map<string, HeaderValue>();
    this.#items("{", "}", () => {
      if (this.#peek() !== '"') throw this.#error("a name in quotes");
      const position = this.#position;
      const name = this.#string();
      if (entries.has(name)) throw this.fail(position, "each name once", `${JSON.stringify(name.slice(0, 60))} again`);
      this.#take(":");
      entries.set(name, this.value(depth));
    });
    return entries;
  }

  #list(depth: number): readonly HeaderValue[] {
    const values: HeaderValue[] = [];
    this.#items("[", "]", () => {
      values.push(this.value(depth));
    });
    return values;
  }

  /** What stands between brackets, with commas between. */
  #items(open: string, close: string, item: () => void): void {
    this.#take(open);
    if (this.#peek() !== close) {
      item();
      while (this.#peek() === ",") {
        this.#take(",");
        item();
      }
    }
    this.#take(close);
  }

  #string(): string {
    const start = this.#position;
    let end = start + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === "\\" ? 2 : 1;
    this.#position = end + 1;
    try {
      const value: unknown = JSON.parse(this.text.slice(start, end + 1));
      if (typeof value === "string" && isWellFormed(value)) return value;
    } catch {
      // refused below, as is what is no Unicode
    }
    throw this.fail(start, "a string of JSON", JSON.stringify(this.text.slice(start, Math.min(end + 1, start + 60))));
  }

  /** A truth value, null or a number. */
  #literal(): HeaderValue {
    const word = this.#match(LITERAL);
    if (word !== undefined) return LITERALS.get(word) ?? null;
    const text = this.#match(NUMBER);
    if (text === undefined) throw this.#error("a value of JSON");
    const value = Number(text);
    return /^\d{1,16}$/.test(text) && Number.isSafeInteger(value) ? value : new OtherNumber(text);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const [found] = pattern.exec(this.text) ?? [];
    this.#position += found?.length ?? 0;
    return found;
  }

  /** The next character that is no white space; undefined at the end. */
  #peek(): string | undefined {
    while (WHITESPACE.includes(this.text[this.#position] ?? "end")) this.#position++;
    return this.text[this.#position];
  }

  #take(character: string): void {
    if (this.#peek() !== character) throw this.#error(JSON.stringify(character));
    this.#position++;
  }

  #error(expected: string): Error {
    const rest = this.text.slice(this.#position, this.#position + 20);
    return this.fail(this.#position, expected, rest === "" ? "the end" : JSON.stringify(rest));
  }
}
