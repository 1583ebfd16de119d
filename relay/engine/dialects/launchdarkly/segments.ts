/**
 * Segments: named lists of keys and rules that flags share. A big segment has its members in a store of its own, which
 * this engine has none of: its rules decide, and every answer that came by it says that the store is not configured.
 */
import type { Condition } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { malformed } from './answers.ts'
import { bucketOf, share } from './bucketing.ts'
import { lowerClauses } from './clauses.ts'
import type { Findings } from './clauses.ts'
import type { Segment, SegmentRule } from './document.ts'
import type { Options } from './profile.ts'
import { isOneOf } from './targets.ts'

export function lowerSegment(segment: Segment, options: Options, findings: Findings): Condition {
  const rules: Condition = {
    kind: 'any',
    of: segment.rules.map((rule, index) => lowerRule(segment, rule, `rules[${index}]`, options, findings)),
  }
  if (segment.unbounded) return lowerBig(segment, rules, options)
  const included = lists(segment.included, segment.includedContexts, options)
  const excluded = lists(segment.excluded, segment.excludedContexts, options)
  const wanted: Condition =
    excluded.length === 0 ? rules : { kind: 'all', of: [{ kind: 'not', of: { kind: 'any', of: excluded } }, rules] }
  return included.length === 0 ? wanted : { kind: 'any', of: [...included, wanted] }
}

function lists(
  users: readonly unknown[],
  contexts: Segment['includedContexts'],
  options: Options,
): readonly Condition[] {
  // Only a legacy user can have the empty key, and it is in no list of a segment.
  const keys = (values: readonly unknown[]): readonly unknown[] => values.filter((value) => value !== '')
  return [{ contextKind: 'user', values: users }, ...contexts]
    .filter(({ values }) => values.length > 0)
    .map(({ contextKind = 'user', values }) => isOneOf(contextKind || options.profile.emptyKind, keys(values), options))
}

function lowerRule(segment: Segment, rule: SegmentRule, path: string, options: Options, findings: Findings): Condition {
  if (rule.clauses === undefined) {
    findings.note(path, 'has no clauses, so the engines disagree about it')
  }
  const clauses = lowerClauses(rule.clauses, `${path}.clauses`, options, findings)
  if (rule.weight === undefined) return clauses
  const { key, salt } = segment
  const absent = options.profile.weighsAbsentKinds ? 0 : NaN
  const unit = { key, salt, contextKind: rule.rolloutContextKind, bucketBy: rule.bucketBy, absent }
  const bucket = bucketOf(unit, options)
  if (bucket === undefined) {
    findings.note(`${path}.bucketBy`, `the attribute reference ${JSON.stringify(rule.bucketBy)} is not valid`)
    const outcome = malformed('a segment rule has an invalid bucketBy', true)
    return { kind: 'all', of: [clauses, { kind: 'fail', outcome }] }
  }
  const weighed: Condition = { kind: 'bucket', bucket, from: 0, to: share(rule.weight, options), ends: 'half-open' }
  return { kind: 'all', of: [clauses, weighed] }
}

function lowerBig(segment: Segment, rules: Condition, { profile, subject }: Options): Condition {
  const { generation, key, unboundedContextKind } = segment
  const kind = unboundedContextKind === undefined || unboundedContextKind === '' ? 'user' : unboundedContextKind
  const hasKey: Condition = {
    kind: 'test',
    term: subject.key(kind),
    predicate: predicate('is given', undefined, (value) => typeof value === 'string' && value !== ''),
  }
  const asked = (of: Condition): Condition => ({ kind: 'note', name: `big segment ${key} has no store`, of })
  const unknown = generation === undefined || (generation === 0 && !profile.generationFirst)
  if (!unknown) return { kind: 'all', of: [hasKey, asked(rules)] }
  const out = asked({ kind: 'never' })
  return profile.generationFirst ? out : { kind: 'all', of: [hasKey, out] }
}
