// What every reader of files needs to refuse one: its errors, and checks of sizes that cannot overflow.

import { FileFormatError } from "../errors.js";
import { formatShape, type Shape } from "../shape.js";

/** Most characters of a file's own text that an error message repeats. */
const LONGEST_QUOTE = 60;

/** Who reads which file, for its errors. */
export class FormatCheck {
  /** @param where the public function that reads @param file what the file is called */
  constructor(
    readonly where: string,
    readonly file: string,
  ) {}

  /** The error to throw. */
  error(field: string, expected: string, found: string, cause?: unknown): FileFormatError {
    const options = cause === undefined ? undefined : { cause };
    return new FileFormatError(this.where, { file: this.file, field, expected, found }, options);
  }

  /** The number of bytes of an array. Throws where it, or a step on the way to it, is beyond 2⁵³ − 1. */
  byteCount(field: string, shape: Shape, elementBytes: number): number {
    let bytes = elementBytes;
    for (const extent of shape) {
      bytes *= extent;
      if (bytes > Number.MAX_SAFE_INTEGER) throw this.error(field, "a size below 2⁵³ bytes", quoteShape(shape));
    }
    return bytes;
  }
}

/** A file's own text in quotes, cut where it is long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text);
}

/** A file's own shape, cut where it is long. */
export function quoteShape(shape: Shape): string {
  return shape.length > 8 ? `[${shape.slice(0, 8).join(",")},… ${shape.length} axes]` : formatShape(shape);
}
