/**
 * Versions in texts. Both engines fill missing parts with zeros; the Node SDK hands the text to the npm package `semver`,
 * which also trims it, allows a `v` behind a blank, and refuses what is too long or too large for it.
 */
import { parseSemVer } from '../../versions/semver.ts'
import type { SemVer } from '../../versions/semver.ts'

/** Longest text that the package reads. */
const LONGEST = 256

/** As the Node SDK. */
export function nodeVersion(text: string): SemVer | undefined {
  if (text.startsWith('v')) return undefined
  return read(text) ?? filled(text)
}

/** As the Go engine. */
export function goVersion(text: string): SemVer | undefined {
  return parseSemVer(text, { padding: 'any' })
}

function read(text: string): SemVer | undefined {
  if (text.length > LONGEST) return undefined
  return parseSemVer(text.trim().replace(/^v/, ''), { largest: Number.MAX_SAFE_INTEGER })
}

function filled(text: string): SemVer | undefined {
  const [begin, second, third] = /^\d+(\.\d+)?(\.\d+)?/.exec(text) ?? []
  if (begin === undefined) return undefined
  return read(begin + (second === undefined ? '.0' : '') + (third === undefined ? '.0' : '') + text.slice(begin.length))
}
