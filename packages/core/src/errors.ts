// The errors that adjoint throws. Each message has one form, "where: what is wrong, with the shapes or the names",
// and is thrown before anything is computed or changed.

/** The base of every error that adjoint throws on purpose. `where` is the op, class or function that refused. */
export class AdjointError extends Error {
  /** The class, as a word of its own: a minifier renames the class itself. */
  override readonly name: string = "AdjointError";
  readonly where: string;

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

/** A state dictionary that does not fit the model or the optimizer it was offered to. */
export class StateError extends AdjointError {
  override readonly name = "StateError";
}

/** A file or a byte stream that is not what it should be. */
export class DataError extends AdjointError {
  override readonly name = "DataError";
}

/** A gradient check that found a derivative to be wrong. */
export class GradientCheckError extends AdjointError {
  override readonly name = "GradientCheckError";
}
