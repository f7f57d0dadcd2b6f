// The errors that adjoint throws. Each message has one form, "where: what is wrong, with the shapes or the names",
// and is thrown before anything is computed or changed.

/** The base of every error that adjoint throws on purpose. `where` is the op, class or function that refused. */
export class AdjointError extends Error {
  /** The class, as a word of its own: a minifier renames the class itself. */
  override readonly name: string = "AdjointError";
  readonly where: string;
  /** The layer in which it was thrown, where it was in one: `generator/2 (Dense 128→784)`. The message begins with it. */
  declare layer?: string;

  constructor(where: string, problem: string, options?: ErrorOptions) {
    super(`${where}: ${problem}`, options);
    this.where = where;
  }
}

/** A shape, a size, an axis or an index that does not fit. */
export class ShapeError extends AdjointError {
  override readonly name = "ShapeError";
}

/** An element type that an op or a backend does not take, or two that differ. */
export class DTypeError extends AdjointError {
  override readonly name = "DTypeError";
}

/** A value that is outside what an argument allows. */
export class ArgumentError extends AdjointError {
  override readonly name = "ArgumentError";
}

/** A backend that cannot be had here, is mixed with another, or failed. */
export class BackendError extends AdjointError {
  override readonly name = "BackendError";
}

/** A tensor that was read or used after its memory was given back. */
export class ReleasedError extends AdjointError {
  override readonly name = "ReleasedError";
}

/** A derivative that does not exist: of something that does not lead to the loss, or was changed in between. */
export class GradientError extends AdjointError {
  override readonly name = "GradientError";
}

/** A frozen parameter where a trainable one is needed. */
export class FrozenError extends AdjointError {
  override readonly name = "FrozenError";
}

/** A module or a parameter that takes part in a model which does not list it. */
export class UnregisteredError extends AdjointError {
  override readonly name = "UnregisteredError";
}

/** A value that is infinite or not a number, where training cannot go on with it. */
export class NonFiniteError extends AdjointError {
  override readonly name: string = "NonFiniteError";
}

/** A state dictionary that does not fit the model or the optimizer it was offered to. */
export class StateError extends AdjointError {
  override readonly name = "StateError";
}

/** A file or a byte stream that is not what it should be. */
export class DataError extends AdjointError {
  override readonly name: string = "DataError";
}

/** What is wrong in a file, and where. */
export interface FileProblem {
  /** What the file is called: a path, a URL, or what the caller said. */
  readonly file: string;
  /** The place in it: a field of its header, or a tensor and a field of that. */
  readonly field: string;
  readonly expected: string;
  readonly found: string;
}

/** A file that breaks its format: `where: file: field: expected …, found …`. */
export class FileFormatError extends DataError implements FileProblem {
  override readonly name = "FileFormatError";
  readonly file: string;
  readonly field: string;
  readonly expected: string;
  readonly found: string;

  constructor(where: string, { file, field, expected, found }: FileProblem, options?: ErrorOptions) {
    super(where, `${file}: ${field}: expected ${expected}, found ${found}`, options);
    this.file = file;
    this.field = field;
    this.expected = expected;
    this.found = found;
  }
}

/** What the system refused to do with a file: `where: path: why (code)`. */
export class FileSystemError extends AdjointError {
  override readonly name = "FileSystemError";
  readonly path: string;
  /** The system's code, `ENOSPC` for example; undefined where it gave none. */
  readonly code: string | undefined;

  constructor(where: string, { path, problem, code }: FileSystemProblem, options?: ErrorOptions) {
    super(where, `${path}: ${problem}`, options);
    this.path = path;
    this.code = code;
  }
}

/** What a FileSystemError says. */
export interface FileSystemProblem {
  readonly path: string;
  readonly problem: string;
  readonly code: string | undefined;
}

/** A gradient check that found a derivative to be wrong. */
export class GradientCheckError extends AdjointError {
  override readonly name = "GradientCheckError";
}
