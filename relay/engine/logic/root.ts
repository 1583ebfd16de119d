/**
 * Logic: the outermost data of a rule, read member by member. Building one object of a context and what a vendor adds to
 * it would cost an allocation per evaluation, although most rules read two members. A class and not two functions, since
 * every variable of every rule comes through here and calls of a known method cost half as much.
 */

/** The data a rule is applied to. */
export abstract class Root {
  /** An own member; null or undefined when absent. */
  abstract member(name: string): unknown

  /** All data as one object. */
  abstract all(): Readonly<Record<string, unknown>>
}
