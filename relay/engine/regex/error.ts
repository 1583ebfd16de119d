/** Regex: the errors of this folder. Loading code turns it into a problem of the flag that carries the pattern. */

/** A pattern is invalid in its syntax, uses a construct that has no linear-time answer, or is too large. */
export class RegexError extends Error {
  override readonly name: string = 'RegexError'
}

/** Not wrong, but more than this engine takes on. Who treats an invalid pattern as one that never matches must not so here. */
export class RegexTooLarge extends RegexError {
  override readonly name: string = 'RegexTooLarge'
}
