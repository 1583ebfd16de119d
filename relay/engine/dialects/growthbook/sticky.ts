/**
 * Sticky bucketing: which variation a user's assignment documents name. The documents come with the context; reading
 * them here, as one leaf, keeps the answers of an experiment constants of the plan.
 */
import { own } from '../../context.ts'
import type { Term } from '../../plan.ts'
import type { Rule } from './document.ts'
import { DOCUMENTS } from './subject.ts'
import type { Subject } from './subject.ts'

/** There is nobody to hash, so the user is in no experiment, whatever the documents say. */
export const NOBODY = 'nobody'
/** An assignment of a version that is not accepted any more: the user leaves the experiment. */
export const BLOCKED = 'blocked'

/** The assignment's name in the documents. */
export function assignmentName(key: string, version: number): string {
  return `${key}__${version}`
}

/** The case of a variation that was found, by the attribute that an answer would be saved under. */
export function found(attribute: string, variation: number): string {
  return JSON.stringify([attribute, variation])
}

/** Reads `NOBODY`, `BLOCKED`, a text of `found`, or null when the documents say nothing about this experiment. */
export function stickyVariation(rule: Rule, key: string, subject: Subject): Term {
  const hashed = subject.unit(rule.hashAttribute, rule.fallbackAttribute)
  const assignments = documents(rule, subject)
  const name = assignmentName(key, rule.bucketVersion)
  // Of two variations with one key the first counts.
  const variations = new Map<unknown, number>(
    rule.meta
      .flatMap(({ key: variation }, index) => (variation === undefined ? [] : [[variation, index] as const]))
      .reverse(),
  )
  return {
    name: `sticky bucket of ${name}`,
    reads: [...new Set([...hashed.reads, ...assignments.reads])],
    read: ({ context }): unknown => {
      const unit = hashed.of(context)
      if (unit.value === '') return NOBODY
      const both = assignments.of(context)
      if (both.some((each) => isBlocked(each, key, rule.minBucketVersion))) return BLOCKED
      const variation = variations.get(
        own(
          both.find((each) => each !== undefined && Object.hasOwn(each, name)),
          name,
        ),
      )
      return variation === undefined ? null : found(unit.name, variation)
    },
  }
}

interface Documents {
  readonly reads: readonly string[]
  /** Assignments of the hash attribute's document, which count first, and of the fallback's. */
  readonly of: (context: Readonly<Record<string, unknown>>) => [object | undefined, object | undefined]
}

/** Without a fallback attribute the document of `id` is the fallback: only here, not when hashing. */
function documents(rule: Rule, subject: Subject): Documents {
  const first = subject.unit(rule.hashAttribute, undefined)
  const second = subject.unit(rule.fallbackAttribute ?? 'id', undefined)
  return {
    reads: [...new Set([DOCUMENTS, ...first.reads, ...second.reads])],
    of: (context) => {
      const all = own(context, DOCUMENTS)
      const fallback = second.of(context)
      return [assignmentsIn(all, first.of(context)), fallback.value === '' ? undefined : assignmentsIn(all, fallback)]
    },
  }
}

function assignmentsIn(all: unknown, { name, value }: { name: string; value: unknown }): object | undefined {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const assignments = own(own(all, `${name}||${text}`), 'assignments')
  return typeof assignments === 'object' && assignments !== null ? assignments : undefined
}

/** By the names that are there, not by counting up to a number that the document chooses. */
function isBlocked(assignments: object | undefined, key: string, below: number): boolean {
  if (assignments === undefined) return false
  const prefix = `${key}__`
  return Object.keys(assignments).some((name) => {
    const version = name.startsWith(prefix) ? name.slice(prefix.length) : ''
    return /^(?:0|[1-9]\d*)$/.test(version) && Number(version) < below && own(assignments, name) !== undefined
  })
}
