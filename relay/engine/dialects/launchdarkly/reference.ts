/**
 * Attribute references: `name`, or a path such as `/address/city` with `~1` for a slash and `~0` for a tilde inside a
 * name. The two engines disagree at the edges, and an error there makes a whole flag MALFORMED_FLAG, so each has its own.
 */

/** The names to walk through; undefined when the reference is not valid. */
export type ParseReference = (reference: string) => readonly string[] | undefined

/** Names that no clause without a context kind can miss: there the text is the name itself. */
export function literal(name: string): readonly string[] | undefined {
  return name === '' ? undefined : [name]
}

/**
 * As the Node SDK: a slash at the end is a member with the empty name, a part that begins with a tilde stays as it is,
 * and plain names may neither contain `//` nor end with a tilde.
 */
export const nodeReference: ParseReference = (reference) => {
  if (reference === '' || reference === '/' || /\/\/|~$/.test(reference)) return undefined
  if (!reference.startsWith('/')) return meta([reference])
  // The first bar and caret are members of the SDK's own character class, so they pass behind a tilde.
  if (/^\/.*~[^01|^]/.test(reference)) return undefined
  return meta(
    reference
      .slice(1)
      .split('/')
      .map((part) => (part.startsWith('~') ? part : unescape(part))),
  )
}

/** As the Go engine: every part of a path must be a name, and `~` must stand before 0 or 1. */
export const goReference: ParseReference = (reference) => {
  if (reference === '') return undefined
  if (!reference.startsWith('/')) return [reference]
  const parts = reference.slice(1).split('/')
  if (parts.some((part) => part === '' || /~(?![01])/.test(part))) return undefined
  return parts.map(unescape)
}

function unescape(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}

function meta(parts: readonly string[]): readonly string[] | undefined {
  return parts[0] === '_meta' ? undefined : parts
}
