/**
 * What can be wrong with a document: a `Problem` concerns one place and leaves the rest usable; a `DocumentError` means
 * that nothing of the document can be used, so whoever holds an older one must keep it.
 */

/** One finding in a document. `flag` names the quarantined or affected flag; `path` is a dotted path into the document. */
export interface Problem {
  readonly flag?: string
  readonly path: string
  readonly message: string
  /** `error`: the flag is quarantined and answers PARSE_ERROR. `warning`: it answers, but look at it. */
  readonly severity: 'error' | 'warning'
}

/** The document as a whole is unusable. `path` says where, as in `Problem`. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
  readonly path: string

  constructor(path: string, message: string, options?: ErrorOptions) {
    super(path === '' ? message : `${path}: ${message}`, options)
    this.path = path
  }
}

/** Thrown while one flag is read or lowered; the flag is quarantined alone. */
export class FlagError extends Error {
  override readonly name = 'FlagError'
  readonly path: string

  constructor(path: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.path = path
  }
}
