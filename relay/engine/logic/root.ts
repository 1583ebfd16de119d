/**
 * Logic: the outermost data of a rule, read member by member. Building one object of a context and what a vendor adds to
 * it would cost an allocation per evaluation, although most rules read two members.
 */

/** The data a rule is applied to. Members are own ones; `null` when absent. */
export class Root {
  readonly #member: (name: string) => unknown
  readonly #all: () => Readonly<Record<string, unknown>>

  constructor(member: (name: string) => unknown, all: () => Readonly<Record<string, unknown>>) {
    this.#member = member
    this.#all = all
  }

  member(name: string): unknown {
    return this.#member(name)
  }

  /** All data as one object. */
  all(): Readonly<Record<string, unknown>> {
    return this.#all()
  }
}
