/** The term that every dialect needs: a context member by name. */
import { own } from './context.ts'
import type { Frame, Term } from './plan.ts'

/** A top-level member of the context, as it is. */
export function attribute(name: string): Term {
  return { name, reads: [name], read: (frame: Frame): unknown => own(frame.context, name) }
}
