// What a run measured, row by row, and as CSV.

/** One row: the iteration, counted from 1, and a value for each name. */
export type HistoryRow<Name extends string> = { readonly iteration: number } & { readonly [K in Name]: number };

/** Named values over iterations. */
export class History<Name extends string = string> {
  readonly names: readonly Name[];
  readonly #rows: HistoryRow<Name>[] = [];

  constructor(names: readonly Name[]) {
    this.names = names;
  }

  /** All rows, oldest first. */
  get rows(): readonly HistoryRow<Name>[] {
    return this.#rows;
  }

  /** The youngest row, if there is one. */
  get last(): HistoryRow<Name> | undefined {
    return this.#rows.at(-1);
  }

  /** Adds a row. */
  add(row: HistoryRow<Name>): void {
    this.#rows.push(row);
  }

  /** A header and one line a row. Values are written so that reading them back gives the same numbers. */
  toCsv(): string {
    const lines = this.#rows.map((row) => [row.iteration, ...this.names.map((name) => row[name])].join(","));
    return `${["iteration", ...this.names].join(",")}\n${lines.map((line) => `${line}\n`).join("")}`;
  }
}
