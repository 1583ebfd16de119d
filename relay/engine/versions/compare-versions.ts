/**
 * Versions: the loose order of the npm package compare-versions, which a vendor's engine uses. It differs from SemVer in
 * ways rules rely on: prefixes, one to four numbers, wildcards equal to anything. Written from its described behaviour.
 */

/** A parsed version: up to four numbers or wildcards, and the parts of its pre-release. */
export interface LooseVersion {
  readonly numbers: readonly string[]
  readonly prerelease: readonly string[] | undefined
}

const PREFIX = /^[v^~<>=]*/i
const NUMBER = /^\d+$/
const WILDCARD = /^[x*]$/i
const LABELS = /^[\da-z-]+(?:\.[\da-z-]+)*$/i

/** Parses a version; undefined when the package would throw. */
export function parseLooseVersion(text: string): LooseVersion | undefined {
  const rest = text.replace(PREFIX, '')
  const plus = rest.indexOf('+')
  const [unbuilt, build] = plus < 0 ? [rest, undefined] : [rest.slice(0, plus), rest.slice(plus + 1)]
  const hyphen = unbuilt.indexOf('-')
  const [core, suffix] = hyphen < 0 ? [unbuilt, undefined] : [unbuilt.slice(0, hyphen), unbuilt.slice(hyphen + 1)]
  const numbers = core.split('.')
  const [first = '', ...others] = numbers
  if (!NUMBER.test(first) || others.length > 3) return undefined
  if (!others.every((part) => NUMBER.test(part) || WILDCARD.test(part))) return undefined
  for (const labels of [suffix, build]) {
    if (labels !== undefined && (numbers.length < 3 || !LABELS.test(labels))) return undefined
  }
  return { numbers, prerelease: suffix?.split('.') }
}

/** -1, 0 or 1 as `left` sorts before, with or after `right`. */
export function compareLooseVersions(left: LooseVersion, right: LooseVersion): -1 | 0 | 1 {
  const order = compareParts(left.numbers, right.numbers, 4)
  if (order !== 0) return order
  if (left.prerelease && right.prerelease) {
    return compareParts(left.prerelease, right.prerelease, Math.max(left.prerelease.length, right.prerelease.length))
  }
  if (left.prerelease) return -1
  return right.prerelease ? 1 : 0
}

/** Missing parts are 0. */
function compareParts(left: readonly string[], right: readonly string[], count: number): -1 | 0 | 1 {
  for (let index = 0; index < count; index++) {
    const order = comparePart(left[index] ?? '0', right[index] ?? '0')
    if (order !== 0) return order
  }
  return 0
}

/**
 * As numbers when both begin with digits (what follows them is ignored: `1a` is 1, and doubles round), else as text,
 * a leading number printed back first.
 */
function comparePart(left: string, right: string): -1 | 0 | 1 {
  if (WILDCARD.test(left) || WILDCARD.test(right)) return 0
  const leftNumber = parseInt(left, 10)
  const rightNumber = parseInt(right, 10)
  if (!Number.isNaN(leftNumber) && !Number.isNaN(rightNumber)) return order(leftNumber, rightNumber)
  return order(
    Number.isNaN(leftNumber) ? left : String(leftNumber),
    Number.isNaN(rightNumber) ? right : String(rightNumber),
  )
}

function order<Value extends number | string>(left: Value, right: Value): -1 | 0 | 1 {
  return left < right ? -1 : left > right ? 1 : 0
}
