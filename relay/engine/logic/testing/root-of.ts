/** Logic, for tests: data of one object as the outermost data of a rule. */
import { own } from '../../context.ts'
import { Root } from '../root.ts'

export class RootOf extends Root {
  readonly #data: Readonly<Record<string, unknown>>

  constructor(data: Readonly<Record<string, unknown>>) {
    super()
    this.#data = data
  }

  member(name: string): unknown {
    return own(this.#data, name)
  }

  all(): Readonly<Record<string, unknown>> {
    return this.#data
  }
}
