/** A fault put into the product on purpose, and the checks that are held to notice it. */

export type Check =
  /** A promise of this suite, at a small scale. */
  | { readonly promise: string }
  /** Tests beside the code, by path. */
  | { readonly tests: string }

export interface Mutant {
  readonly name: string
  readonly says: string
  readonly file: string
  /** Must be there exactly once, or the list is out of date, which fails the run too. */
  readonly find: string
  readonly replace: string
  readonly checks: readonly Check[]
}

/** Whether the mutant's place is still what it was written for, and the source with the fault in it. */
export function mutate(source: string, { file, find, replace }: Mutant): string {
  const [before, after, ...more] = source.split(find)
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`${file} does not hold exactly once: ${find}`)
  }
  return `${before}${replace}${after}`
}
