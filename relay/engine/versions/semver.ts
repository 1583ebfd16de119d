/**
 * Versions: SemVer 2 precedence, strict by default, with the leniencies vendors' engines have as options. Numbers are
 * compared as digits, because a build number beyond 2^53 would otherwise equal its neighbours and match wrong users.
 * Parse once when a rule is loaded; only the context's version is parsed per evaluation.
 */

/** A parsed version: numbers as digits without leading zeros, build metadata dropped. */
export interface SemVer {
  readonly major: string
  readonly minor: string
  readonly patch: string
  readonly prerelease: readonly string[]
}

export interface SemVerOptions {
  /** `v`: one leading v or V is dropped (flagd, constraint values of Unleash). Default `none`. */
  readonly prefix?: 'none' | 'v'
  /**
   * Whether missing minor and patch count as 0. `bare`: only without prerelease and build (flagd, Go: `1.2` is a
   * version, `1.2-alpha` is not). `any`: with them too (LaunchDarkly: `2-beta` is 2.0.0-beta). Default `none`.
   */
  readonly padding?: 'none' | 'bare' | 'any'
  /** Blanks around the version are dropped (Unleash). Default false. */
  readonly trim?: boolean
  /** Largest major, minor or patch; some engines refuse what their integers cannot hold. At most 2^53 - 1. Default unlimited. */
  readonly largest?: number
}

const SHAPE =
  /^(0|[1-9]\d*)(?:\.(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?)?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/

const DIGITS = /^\d+$/

/** Parses a version; undefined when it is not one under the options. */
export function parseSemVer(text: string, options: SemVerOptions = {}): SemVer | undefined {
  const { prefix = 'none', padding = 'none', trim = false, largest } = options
  let rest = trim ? text.trim() : text
  if (prefix === 'v' && /^[vV]/.test(rest)) rest = rest.slice(1)
  const found = SHAPE.exec(rest)
  if (!found) return undefined
  const [, major = '', minor, patch, suffix] = found
  if (patch === undefined && (padding === 'none' || (padding === 'bare' && /[-+]/.test(rest)))) return undefined
  const prerelease = suffix === undefined ? [] : suffix.split('.')
  if (prerelease.some((part) => part.length > 1 && part.startsWith('0') && DIGITS.test(part))) return undefined
  const version = { major, minor: minor ?? '0', patch: patch ?? '0', prerelease }
  if (largest !== undefined && [major, version.minor, version.patch].some((part) => Number(part) > largest)) {
    return undefined
  }
  return version
}

/** Negative, zero or positive as `left` has lower, equal or higher precedence than `right`. */
export function compareSemVer(left: SemVer, right: SemVer): number {
  return (
    compareDigits(left.major, right.major) ||
    compareDigits(left.minor, right.minor) ||
    compareDigits(left.patch, right.patch) ||
    comparePrerelease(left.prerelease, right.prerelease)
  )
}

function comparePrerelease(left: readonly string[], right: readonly string[]): number {
  if (left.length === 0 || right.length === 0) return right.length - left.length
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const order = compareIdentifiers(left[index] ?? '', right[index] ?? '')
    if (order !== 0) return order
  }
  return left.length - right.length
}

/** Numbers by value, before words; words by their characters' codes. */
function compareIdentifiers(left: string, right: string): number {
  const leftIsNumber = DIGITS.test(left)
  const rightIsNumber = DIGITS.test(right)
  if (leftIsNumber && rightIsNumber) return compareDigits(left, right)
  if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1
  return left < right ? -1 : left > right ? 1 : 0
}

function compareDigits(left: string, right: string): number {
  if (left.length !== right.length) return left.length - right.length
  return left < right ? -1 : left > right ? 1 : 0
}
