// What a run measured, row by row, and as CSV.

import { DataError } from "@adjoint/core";

/** One row: the iteration, counted from 1, and a value for each name. */
export type HistoryRow<Name extends string> = { readonly iteration: number } & { readonly [K in Name]: number };

/** Named values over iterations. */
export class History<Name extends string = string> {
  readonly names: readonly Name[];
  readonly #rows: HistoryRow<Name>[] = [];

  constructor(names: readonly Name[]) {
    this.names = names;
  }

  /**
   * Reads what `toCsv` wrote: the same numbers.
   *
   * @param file what errors call it
   * @throws DataError that names the line, what was expected and what was found
   */
  static fromCsv<Name extends string>(names: readonly Name[], text: string, file: string): History<Name> {
    const history = new History(names);
    const [header, ...lines] = text.replace(/\n$/, "").split("\n");
    const expected = headerOf(names);
    if (header !== expected) throw unreadable(file, 1, expected, header ?? "nothing");
    lines.forEach((line, i) => {
      const [iteration = Number.NaN, ...values] = line.split(",").map(Number);
      const rising = Number.isSafeInteger(iteration) && iteration > (history.last?.iteration ?? 0);
      if (!rising || values.length !== names.length) {
        throw unreadable(file, i + 2, `a later iteration and ${names.length} numbers`, line);
      }
      const named = Object.fromEntries(names.map((name, column) => [name, values[column]]));
      history.add({ iteration, ...(named as { [K in Name]: number }) });
    });
    return history;
  }

  /** All rows, oldest first. */
  get rows(): readonly HistoryRow<Name>[] {
    return this.#rows;
  }

  /** The youngest row, if there is one. */
  get last(): HistoryRow<Name> | undefined {
    return this.#rows.at(-1);
  }

  /** The mean of the rows after an iteration, under the last one's. Throws DataError where there is none. */
  meanSince(iteration: number): HistoryRow<Name> {
    const rows = this.#rows.filter((row) => row.iteration > iteration);
    const last = rows.at(-1);
    if (!last) throw new DataError("History.meanSince", `there is no row after iteration ${iteration}`);
    const means = this.names.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0) / rows.length]);
    return { iteration: last.iteration, ...(Object.fromEntries(means) as { [K in Name]: number }) };
  }

  /** Adds a row. */
  add(row: HistoryRow<Name>): void {
    this.#rows.push(row);
  }

  /** Removes the rows of all iterations but those that `isKept` says. */
  keep(isKept: (iteration: number) => boolean): void {
    const kept = this.#rows.filter(({ iteration }) => isKept(iteration));
    this.#rows.splice(0, this.#rows.length, ...kept);
  }

  /** A header and one line a row. Values are written so that reading them back gives the same numbers. */
  toCsv(): string {
    const lines = this.#rows.map((row) => [row.iteration, ...this.names.map((name) => row[name])].join(","));
    return `${headerOf(this.names)}\n${lines.map((line) => `${line}\n`).join("")}`;
  }
}

function headerOf(names: readonly string[]): string {
  return ["iteration", ...names].join(",");
}

function unreadable(file: string, line: number, expected: string, found: string): DataError {
  return new DataError("--resume", `${file}: line ${line}: expected ${expected}, found "${found.slice(0, 80)}"`);
}
