/**
 * Versions as the vendor orders them: as texts, after padding. The order is odd above 99999 and for versions of two or
 * four parts, and every SDK of the vendor shares these oddities, so a proper version order would move users.
 */

/** The text that stands for a version in comparisons by code unit. */
export function paddedVersion(input: unknown): string {
  const given = typeof input === 'number' ? String(input) : input
  const version = typeof given === 'string' && given !== '' ? given : '0'
  const parts = withoutBuild(version).split(/[-.]/)
  if (parts.length === 3) parts.push('~')
  return parts.map((part) => (/^\d+$/.test(part) ? part.padStart(5, ' ') : part)).join('-')
}

/**
 * Without a leading `v` and without everything from the first `+` of the last line. By hand: a regular expression looks
 * for the end again from every `+`, which a text of many would make slow.
 */
function withoutBuild(version: string): string {
  const line = 1 + Math.max(...['\n', '\r', '\u2028', '\u2029'].map((end) => version.lastIndexOf(end)))
  const plus = version.indexOf('+', line)
  const core = plus === -1 ? version : version.slice(0, plus)
  return core.startsWith('v') ? core.slice(1) : core
}
