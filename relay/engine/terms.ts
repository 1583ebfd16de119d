/** Terms that every dialect needs: context members by name and by path. */
import { own } from './context.ts'
import type { Frame, Term } from './plan.ts'

/** A top-level member of the context, as it is. */
export function attribute(name: string): Term {
  return { name, reads: [name], read: (frame: Frame): unknown => own(frame.context, name) }
}

/** A value computed from one top-level member, such as its text form. `as` must depend on that member alone. */
export function derived(name: string, as: (value: unknown) => unknown, label: string = name): Term {
  return { name: label, reads: [name], read: (frame: Frame): unknown => as(own(frame.context, name)) }
}
