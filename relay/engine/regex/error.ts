/** Regex: the one error of this folder. Loading code turns it into a problem of the flag that carries the pattern. */

/** A pattern is invalid in its syntax, uses a construct that has no linear-time answer, or is too large. */
export class RegexError extends Error {
  override readonly name: string = 'RegexError'
}
