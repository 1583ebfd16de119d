/**
 * flagd's own operators. None of them ever fails: operands that make no sense give null, and null means the default
 * variant of the flag.
 */
import type { Evaluate, Node } from '../../logic/node.ts'
import type { Operator } from '../../logic/operator.ts'
import { operatorsWith } from '../../logic/rule.ts'
import { compareSemVer, parseSemVer } from '../../versions/semver.ts'
import type { SemVer } from '../../versions/semver.ts'
import { fractional } from './fractional.ts'

/** Exactly two texts. */
function texts(test: (text: string, part: string) => boolean): Operator {
  const apply = (text: unknown, part: unknown): unknown =>
    typeof text === 'string' && typeof part === 'string' ? test(text, part) : null
  return {
    pure: true,
    build({ items, whole }): Evaluate {
      const [text, part] = items ?? []
      if (text !== undefined && part !== undefined && items?.length === 2) {
        return (data, run) => apply(text.evaluate(data, run), part.evaluate(data, run))
      }
      return (data, run) => {
        const operands = whole.evaluate(data, run)
        return Array.isArray(operands) && operands.length === 2 ? apply(operands[0], operands[1]) : null
      }
    },
  }
}

type Test = (left: SemVer, right: SemVer) => boolean

const VERSION_TESTS: ReadonlyMap<unknown, Test> = new Map<unknown, Test>([
  ['=', (left, right) => compareSemVer(left, right) === 0],
  ['!=', (left, right) => compareSemVer(left, right) !== 0],
  ['<', (left, right) => compareSemVer(left, right) < 0],
  ['<=', (left, right) => compareSemVer(left, right) <= 0],
  ['>', (left, right) => compareSemVer(left, right) > 0],
  ['>=', (left, right) => compareSemVer(left, right) >= 0],
  ['^', (left, right) => left.major === right.major],
  ['~', (left, right) => left.major === right.major && left.minor === right.minor],
])

/** Exactly a version, an operator and a version. The version written in the rule is parsed once. */
const semVer: Operator = {
  pure: true,
  build({ items, whole }): Evaluate {
    if (items?.length === 3) {
      const [left, operator, right] = items as readonly [Node, Node, Node]
      const test = VERSION_TESTS.get(operator.constant?.value)
      const bound = right.constant === undefined ? undefined : versionOf(right.constant.value)
      if (test !== undefined && bound !== undefined) {
        return (data, run) => {
          const version = versionOf(left.evaluate(data, run))
          return version === undefined ? null : test(version, bound)
        }
      }
    }
    return (data, run) => {
      const operands = whole.evaluate(data, run)
      if (!Array.isArray(operands) || operands.length !== 3) return null
      const [left, test, right] = [versionOf(operands[0]), VERSION_TESTS.get(operands[1]), versionOf(operands[2])]
      return left === undefined || right === undefined || test === undefined ? null : test(left, right)
    }
  },
}

/** Numbers are versions by their digits; the daemon prints those from a million on with an exponent, which is none. */
function versionOf(value: unknown): SemVer | undefined {
  if (typeof value === 'number' && Math.abs(value) < 1e6) return versionOf(String(value))
  return typeof value === 'string' ? parseSemVer(value, { prefix: 'v', padding: 'bare' }) : undefined
}

/** The operators of a rule; `generation` is that of `fractional`. */
export const operatorsOf: Readonly<Record<2 | 3, ReturnType<typeof operatorsWith>>> = {
  2: operators(2),
  3: operators(3),
}

function operators(generation: 2 | 3): ReturnType<typeof operatorsWith> {
  return operatorsWith([
    ['starts_with', texts((text, part) => text.startsWith(part))],
    ['ends_with', texts((text, part) => text.endsWith(part))],
    ['sem_ver', semVer],
    ['fractional', fractional(generation)],
  ])
}
