/**
 * What is wrong with a configuration, in words that say where and what to do. Values are never quoted: a secret pasted
 * into the wrong line must not travel into logs and terminals through an error message.
 */
import type { z } from 'zod'
import { suggestion } from './nearest.ts'
import { namesAt } from './tree.ts'
import type { Path } from './tree.ts'

export interface ConfigProblem {
  /** Dotted: `environments.shop.upstream.url`, `environments.shop.keys.server[1]`; empty for the file as a whole. */
  readonly path: string
  /** 1-based; absent when the setting does not come from the file. */
  readonly line?: number
  readonly column?: number
  readonly message: string
  /** The relay does not start with an `error`. */
  readonly severity: 'error' | 'warning'
}

/** A problem before its position is known. `key`: the position of the member's name is meant, not of its value. */
export interface Finding {
  readonly path: Path
  readonly message: string
  readonly severity?: 'error' | 'warning'
}

export function dotted(path: Path): string {
  return path.reduce<string>((text, segment) => {
    if (typeof segment === 'number') return `${text}[${segment}]`
    const name = /^[\w$-]+$/.test(segment) ? segment : JSON.stringify(segment)
    return text === '' ? name : `${text}.${name}`
  }, '')
}

/** Zod's issues as findings, in the order of the settings. */
export function findingsOf(issues: readonly z.core.$ZodIssue[], input: unknown, base: Path = []): Finding[] {
  return issues.flatMap((issue) => findingsOfIssue(issue, input, base))
}

function findingsOfIssue(issue: z.core.$ZodIssue, input: unknown, base: Path): Finding[] {
  const path = [...base, ...issue.path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment))]
  const given = valueAt(input, path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `is not a setting${suggestion(key, namesAt(path))}`,
      }))
    case 'invalid_key':
      return [{ path, message: 'is not a valid name: letters, digits, dots, dashes and underscores, up to 63 of them' }]
    case 'invalid_type':
      return [
        {
          path,
          message: given === undefined ? 'is missing' : `must be ${article(issue.expected)}, not ${kind(given)}`,
        },
      ]
    case 'invalid_value':
      return [{ path, message: given === undefined ? 'is missing' : oneOf(issue) }]
    case 'too_small':
      return [{ path, message: own(issue) ?? `must be at least ${issue.minimum}` }]
    case 'too_big':
      return [{ path, message: own(issue) ?? `must be at most ${issue.maximum}` }]
    case 'invalid_union': {
      const branch = nearestBranch(issue.errors)
      return branch === undefined ? [{ path, message: issue.message }] : findingsOf(branch, input, path)
    }
    default:
      return [{ path, message: issue.message }]
  }
}

/** The alternative that was meant: of the right type and with the fewest complaints. None when no type fits. */
function nearestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const complaints = (branch: readonly z.core.$ZodIssue[]): number =>
    branch.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? 2 * issue.keys.length : 1), 0)
  return branches
    .filter((branch) => !branch.some((issue) => issue.path.length === 0 && /^invalid_(type|value)$/.test(issue.code)))
    .sort((a, b) => complaints(a) - complaints(b))[0]
}

/** A message written in the schema; zod's own ones are reworded. */
function own(issue: z.core.$ZodIssue): string | undefined {
  return /^(Too|Invalid)/.test(issue.message) ? undefined : issue.message
}

function oneOf(issue: z.core.$ZodIssueInvalidValue): string {
  return own(issue) ?? `must be one of ${issue.values.map(String).join(', ')}`
}

function article(expected: string): string {
  const names: Record<string, string> = {
    int: 'a whole number',
    array: 'a list',
    object: 'a mapping',
    record: 'a mapping',
  }
  return Object.hasOwn(names, expected) ? String(names[expected]) : `a ${expected}`
}

function kind(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`
}

/** Own members only, so that `constructor` in a path finds nothing. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, segment) => {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, segment)) return undefined
    return Object.getOwnPropertyDescriptor(at, segment)?.value
  }, value)
}
