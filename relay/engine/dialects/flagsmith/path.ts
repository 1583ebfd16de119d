/**
 * Paths into Flagsmith's evaluation context, such as `$.identity.traits['plan']`. Dots, quoted brackets and indexes are
 * understood, which is what the vendor's editor and test data write; wildcards, slices and filters select nothing.
 */
import { own } from '../../context.ts'

/** One step: a name after a dot, or a quoted name or an index in brackets. */
const QUOTED = /\[\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\d+))\s*\]/y
/** RFC 9535, which the Python engine follows. */
const STRICT_NAME = /\.([A-Za-z_\u0080-\u{10ffff}][\w\u0080-\u{10ffff}]*)/uy
/** The npm SDK's library takes any name without a character that means something. */
const LOOSE_NAME = /\.([^.[\]*?()@~^$`'",:]+)/y

/** The steps of a path after `$`; undefined when the text is no path that is understood. */
export function parsePath(text: string, names: 'strict' | 'loose'): readonly string[] | undefined {
  if (!text.startsWith('$.')) return undefined
  const name = names === 'strict' ? STRICT_NAME : LOOSE_NAME
  const steps: string[] = []
  let index = 1
  while (index < text.length) {
    const step = match(name, text, index) ?? match(QUOTED, text, index)
    if (step === undefined) return undefined
    steps.push(step.name)
    index = step.end
  }
  return steps
}

function match(pattern: RegExp, text: string, index: number): { name: string; end: number } | undefined {
  pattern.lastIndex = index
  const found = pattern.exec(text)
  if (found === null) return undefined
  const name = found.slice(1).find((part) => part !== undefined) ?? ''
  return { name: name.replaceAll(/\\(.)/g, '$1'), end: index + found[0].length }
}

/** Follows own members from a value. */
export function follow(value: unknown, steps: readonly string[]): unknown {
  let found = value
  for (const step of steps) found = own(found, step)
  return found
}
