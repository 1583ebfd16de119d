/**
 * Scheduled rollouts: what a flag becomes with every step that has come. Each state of the flag is made once, when it is
 * loaded; an evaluation only looks which one its moment belongs to.
 */
import { FlagError } from '../../problem.ts'
import type { Flag, Part, Progressive, Rule, Step } from './document.ts'

/** A flag as it is from a moment on. */
export interface Phase {
  /** Milliseconds since the epoch; undefined for the flag as it is written. */
  readonly from?: number
  readonly part: Part
}

/** Each step is a whole state of the flag in memory; people write a handful. */
const MAX_STEPS = 1_000

/** In order of time. Steps of one moment make one phase, and those without a date make none. Throws FlagError. */
export function phasesOf(flag: Flag): Phase[] {
  if ((flag.steps?.length ?? 0) > MAX_STEPS) throw new FlagError('scheduledRollout', `has more than ${MAX_STEPS} steps`)
  const dated = (flag.steps ?? [])
    .flatMap((step) => (step.date === undefined ? [] : [{ date: step.date, step }]))
    .sort((a, b) => a.date - b.date)
  const phases: Phase[] = [{ part: flag }]
  let part: Part = flag
  for (const { date, step } of dated) {
    part = withStep(part, step)
    if (phases.at(-1)?.from === date) phases.pop()
    phases.push({ from: date, part })
  }
  return phases
}

function withStep(part: Part, step: Step): Part {
  const { defaultRule = step.defaultRule, experimentation, trackEvents, disable } = part
  const targeting = [...part.targeting]
  const places = new Map(targeting.map(({ name }, index) => [name, index] as const).reverse())
  for (const rule of step.targeting) {
    const place = rule.name === undefined ? undefined : places.get(rule.name)
    const known = place === undefined ? undefined : targeting[place]
    if (place !== undefined && known !== undefined) targeting[place] = merged(known, rule)
    else {
      places.set(rule.name, targeting.length)
      targeting.push(rule)
    }
  }
  const now = {
    defaultRule: part.defaultRule && step.defaultRule ? merged(part.defaultRule, step.defaultRule) : defaultRule,
    experimentation: step.experimentation ?? experimentation,
    trackEvents: step.trackEvents ?? trackEvents,
    disable: step.disable ?? disable,
  }
  return {
    variations: new Map([...part.variations, ...step.variations]),
    targeting,
    ...defined(now),
  }
}

function merged(rule: Rule, change: Rule): Rule {
  const percentage = change.percentage === undefined ? rule.percentage : shares(rule.percentage, change.percentage)
  const progressive = ends(rule.progressive, change.progressive)
  return {
    ...rule,
    ...defined({ query: change.query, variation: change.variation, disable: change.disable, percentage, progressive }),
  }
}

/** A negative share takes its name out. */
function shares(
  before: ReadonlyMap<string, number> | undefined,
  change: ReadonlyMap<string, number>,
): Map<string, number> {
  return new Map([...(before ?? []), ...change].filter(([name]) => (change.get(name) ?? 0) >= 0))
}

function ends(before: Progressive | undefined, change: Progressive | undefined): Progressive | undefined {
  if (before === undefined || change === undefined) return change ?? before
  return { initial: { ...before.initial, ...change.initial }, end: { ...before.end, ...change.end } }
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

function defined<T extends object>(members: T): Defined<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Defined<T>
}
