/**
 * Entity tags: how a client's list is read, and how tags are compared.
 *
 * Comparison is weak, since compressing proxies turn `"x"` into `W/"x"`. A list that cannot be read matches nothing:
 * sending a full answer is always right, a wrong 304 never.
 */

const TAG = /\s*(?:W\/)?"([^"]*)"\s*(?:,|$)/y

/** The opaque part of a tag, without `W/` and quotes; a bare text is taken as it is. */
export function opaque(tag: string): string {
  const match = /^\s*(?:W\/)?"([^"]*)"\s*$/.exec(tag)
  return match?.[1] ?? tag.trim()
}

/** Whether an If-None-Match header lists the tag with this opaque part. `*` matches anything. */
export function listsTag(ifNoneMatch: string, tag: string): boolean {
  if (ifNoneMatch.trim() === '*') return true
  let found = false
  TAG.lastIndex = 0
  while (TAG.lastIndex < ifNoneMatch.length) {
    const match = TAG.exec(ifNoneMatch)
    if (match === null) return false
    found ||= match[1] === tag
  }
  return found
}
