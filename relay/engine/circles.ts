/**
 * Which flags can come to ask themselves. The answer of such a flag depends on who asked first, so it must not be reused
 * within an evaluation; every other answer may be, which keeps a ladder of prerequisites from doubling at each rung.
 *
 * Found by Tarjan's walk over the references, from the flag that is asked about: everything the walk reaches is settled
 * with it, so all questions together cost one pass over the document, and only over the part that is in use.
 */

interface Visit {
  readonly key: string
  readonly references: readonly string[]
  next: number
  /** The earliest flag on the stack that can be reached from here. */
  low: number
}

export class Circles {
  readonly #references: (key: string) => Iterable<string>
  readonly #settled = new Map<string, boolean>()

  /** `references` gives the keys that a flag asks directly, unknown ones included. */
  constructor(references: (key: string) => Iterable<string>) {
    this.#references = references
  }

  /** Whether the flag can come to ask itself. */
  has(key: string): boolean {
    if (!this.#settled.has(key)) this.#walk(key)
    return this.#settled.get(key) === true
  }

  #walk(start: string): void {
    const order = new Map<string, number>()
    const open: string[] = []
    const path: Visit[] = []
    const enter = (key: string): void => {
      const index = order.size
      order.set(key, index)
      open.push(key)
      path.push({ key, references: [...this.#references(key)], next: 0, low: index })
    }
    enter(start)
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const reference = visit.references[visit.next++]
      if (reference === undefined) {
        this.#leave(visit, order, open)
        path.pop()
        const parent = path.at(-1)
        if (parent !== undefined) parent.low = Math.min(parent.low, visit.low)
      } else if (!this.#settled.has(reference)) {
        const seen = order.get(reference)
        if (seen === undefined) enter(reference)
        else visit.low = Math.min(visit.low, seen)
      }
    }
  }

  /** All references of a flag are walked: if it is the first of its circle, the whole circle is settled. */
  #leave(visit: Visit, order: ReadonlyMap<string, number>, open: string[]): void {
    if (visit.low !== order.get(visit.key)) return
    const members = open.splice(open.lastIndexOf(visit.key))
    const circle = members.length > 1 || visit.references.includes(visit.key)
    for (const member of members) this.#settled.set(member, circle)
  }
}
