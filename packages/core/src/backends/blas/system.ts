// What decides which library is taken and how: the parts of Node's `process` that the blas backend looks at.

/** The system that a program runs on, as Node's `process` has it. */
export interface System {
  readonly platform: string;
  /** What is set here is seen by libraries that are opened afterwards. */
  readonly env: Record<string, string | undefined>;
  getBuiltinModule?(name: string): unknown;
}
