/**
 * What the vendor's relay checks when it loads a file, queries aside. It drops a flag that fails; the checks cover the
 * flag as it is written, neither its schedule nor rules that are switched off.
 */
import { FlagError } from '../../problem.ts'
import type { Flag, Rule } from './document.ts'
import { within } from './shape.ts'

/** Throws FlagError. */
export function validate(flag: Flag): void {
  checkVariations(flag)
  if (flag.defaultRule === undefined) throw new FlagError('defaultRule', 'is missing; it says what everybody else gets')
  checkRule(flag, flag.defaultRule, 'defaultRule')
  const names = new Set<string>()
  for (const [index, rule] of flag.targeting.entries()) {
    const at = `targeting[${index}]`
    if (rule.name !== undefined && names.has(rule.name)) {
      throw new FlagError(`${at}.name`, `${JSON.stringify(rule.name)} is already the name of another rule`)
    }
    if (rule.name !== undefined) names.add(rule.name)
    if (rule.disable === true) continue
    if (rule.query === undefined) throw new FlagError(`${at}.query`, 'is missing; "" is the query that always matches')
    checkRule(flag, rule, at)
  }
}

function checkVariations({ variations }: Flag): void {
  let type: string | undefined
  for (const [name, { value }] of variations) {
    const at = within('variations', name)
    if (value === null) throw new FlagError(at, 'must not be null')
    const own = Array.isArray(value) ? 'list' : typeof value
    if (type !== undefined && own !== type) throw new FlagError(at, `is of type ${own}, others are of type ${type}`)
    type = own
  }
  if (type === undefined) throw new FlagError('variations', 'must have at least one variation')
}

function checkRule(flag: Flag, rule: Rule, at: string): void {
  const known = (name: string, path: string): void => {
    if (!flag.variations.has(name)) throw new FlagError(path, `there is no variation ${JSON.stringify(name)}`)
  }
  const { progressive, percentage, variation } = rule
  if (percentage !== undefined) {
    if (percentage.size === 0) throw new FlagError(`${at}.percentage`, 'must not be empty')
    let sum = 0
    for (const [name, share] of percentage) {
      known(name, within(`${at}.percentage`, name))
      sum += share
    }
    if (sum === 0) throw new FlagError(`${at}.percentage`, 'must not add up to 0')
  }
  if (progressive !== undefined) {
    const { initial, end } = progressive
    for (const [name, each] of [
      ['initial', initial],
      ['end', end],
    ] as const) {
      if (each.variation !== undefined) known(each.variation, `${at}.progressiveRollout.${name}.variation`)
    }
    // A rollout that says no end, or 0, goes up to 100.
    const last = end.percentage === undefined || end.percentage === 0 ? 100 : end.percentage
    if (last < (initial.percentage ?? 0)) {
      throw new FlagError(`${at}.progressiveRollout.end.percentage`, `${last} is less than the initial percentage`)
    }
  }
  if (progressive !== undefined || percentage !== undefined) return
  if (variation === undefined) throw new FlagError(at, 'must have a variation, a percentage or a progressiveRollout')
  known(variation, `${at}.variation`)
}
