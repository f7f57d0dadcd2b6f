// HTML written as template literals in which every inserted text is escaped.

/** HTML that is safe to insert as it is. */
export class Html {
  readonly text: string;

  /** @param text HTML, already escaped where it must be */
  constructor(text: string) {
    this.text = text;
  }
}

type Inserted = string | number | Html | readonly Html[];

/** A template tag: inserted strings and numbers are escaped, inserted `Html` is not. */
export function html(strings: TemplateStringsArray, ...values: readonly Inserted[]): Html {
  return new Html(strings.map((part, i) => part + (i < values.length ? insert(values[i] ?? "") : "")).join(""));
}

function insert(value: Inserted): string {
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map((item) => item.text).join("\n");
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A picture as an address that needs no file. @param name that of its file, which ends in `.png` or `.svg` */
export function dataUri(name: string, content: Uint8Array): string {
  const type = name.endsWith(".svg") ? "svg+xml" : "png";
  return `data:image/${type};base64,${Buffer.from(content).toString("base64")}`;
}
