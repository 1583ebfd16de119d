/**
 * Flag keys in paths. Clients spell them in at least five ways: percent-encoded, raw, `+` for a space, with raw slashes,
 * with a slash too many at the end. Readings are tried in order, so that a key which can be asked for exactly is never
 * hidden by a looser reading of it.
 */

/** Possible keys that the undecoded end of a path may mean, the standard reading first. */
export function flagKeys(rest: string): readonly string[] {
  if (!rest.includes('%') && !rest.includes('+') && !rest.endsWith('/')) return [rest]
  const readings = new Set(spellings(rest))
  if (rest.endsWith('/') && rest.length > 1) {
    for (const spelling of spellings(rest.slice(0, -1))) readings.add(spelling)
  }
  return [...readings]
}

function spellings(text: string): string[] {
  const decoded = decode(text)
  const spaced = text.includes('+') ? decode(text.replaceAll('+', ' ')) : undefined
  return [decoded, text, spaced].filter((spelling) => spelling !== undefined)
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
