/**
 * The entity tag of a bulk answer, known before anything is evaluated.
 *
 * It covers everything that can change the answer's bytes: the revision, the environment, what the caller may see and
 * how answers are spelled, staleness, and the part of the context and clock that the Ruleset can tell apart. A tag over
 * the configuration alone would tell a client that another user's values are still its own. All replicas compute the
 * same tag.
 */
import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import type { Context, Ruleset } from '@halyard/engine'

/** Changes whenever the form of bulk answers does, so that no tag survives an upgrade that changes bytes. */
const FORMAT = 2

/** What a tag covers besides the Ruleset, the context and the moment. */
export interface TagScope {
  readonly environment: string
  /** Which flags are shown; see `FlagView.identity`. */
  readonly view: string
  readonly valueless: string
  readonly snakeCase: boolean
  readonly metadata: boolean
  readonly stale: boolean
  /** The member that advertises change notices, as JSON text; empty when there is none. */
  readonly eventStreams: string
}

/** The opaque part of the tag; undefined when equal inputs may have unequal answers. */
export function bulkTag(ruleset: Ruleset, context: Context, now: number, scope: TagScope): string | undefined {
  const projection = ruleset.projection(context, now)
  if (projection === undefined) return undefined
  return digest(`${fixedPart(ruleset, scope)}${projection}`)
}

interface Fixed {
  readonly scope: TagScope
  readonly text: string
}

/** Scopes remembered with each Ruleset; there are about as many as combinations of keys and settings in use. */
const SCOPES = 8
const known = new WeakMap<Ruleset, Fixed[]>()

/** What a tag covers besides projections, spelled once while nothing of it changes. */
function fixedPart(ruleset: Ruleset, scope: TagScope): string {
  let spelled = known.get(ruleset)
  if (spelled === undefined) known.set(ruleset, (spelled = []))
  for (const one of spelled) if (equal(one.scope, scope)) return one.text
  const { environment, view, valueless, snakeCase, metadata, stale, eventStreams } = scope
  const { revision } = ruleset
  const spelling = [valueless, snakeCase, metadata, stale, eventStreams]
  const text = JSON.stringify([FORMAT, environment, revision, view, ...spelling])
  if (spelled.unshift({ scope, text }) > SCOPES) spelled.pop()
  return text
}

function equal(a: TagScope, b: TagScope): boolean {
  return (
    a.environment === b.environment &&
    a.view === b.view &&
    a.valueless === b.valueless &&
    a.snakeCase === b.snakeCase &&
    a.metadata === b.metadata &&
    a.stale === b.stale &&
    a.eventStreams === b.eventStreams
  )
}

/** UTF-8 has one replacement for all lone surrogates, so texts with any are hashed as UTF-16 instead. */
function digest(text: string): string {
  const input = text.isWellFormed() ? text : Buffer.from(`utf-16${text}`, 'utf16le')
  return hash('sha256', input, 'base64url').slice(0, 32)
}
