/**
 * Batches of exposures and tracking events, read strictly: a batch is taken as it is or refused with the name of the
 * member that is wrong. Of each event only the members that are known are kept.
 */
import { isUtf8 } from 'node:buffer'
import type { Buffer } from 'node:buffer'
import type { Failure } from '../failure.ts'
import { allFinite, scanJson } from '../json-scan.ts'
import type { Limits } from '../settings.ts'

export const MOST_EVENTS = 1_000
/** Characters of a name, an id or a key. */
const LONGEST_TEXT = 1_024
/** Members and values for each event at most, on average. */
const MEMBERS_PER_EVENT = 100

export interface TrackEvent {
  readonly type: 'exposure' | 'track'
  /** Its JSON, with known members only. */
  readonly json: string
}

export interface TrackBatch {
  readonly id: string | undefined
  readonly events: readonly TrackEvent[]
}

export type BatchReading = { readonly batch: TrackBatch } | { readonly failure: Failure }

type Members = Readonly<Record<string, unknown>>

/** What is wrong, and where. */
class Wrong extends Error {}

export function readBatch(body: Buffer, limits: Limits): BatchReading {
  if (!isUtf8(body)) return refused('PARSE_ERROR', 'the body is not valid UTF-8')
  const most = MOST_EVENTS * MEMBERS_PER_EVENT
  const verdict = scanJson(body, { depth: limits.contextDepth + 3, keys: most, values: most })
  if (verdict !== 'fits' && verdict !== 'numbers') return refused('PARSE_ERROR', `the body has too many ${verdict}`)
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString('utf8'))
  } catch {
    return refused('PARSE_ERROR', 'the body is not valid JSON')
  }
  try {
    return { batch: batchOf(parsed, verdict === 'numbers') }
  } catch (error) {
    if (error instanceof Wrong) return refused('PARSE_ERROR', error.message)
    throw error
  }
}

function batchOf(parsed: unknown, checkNumbers: boolean): TrackBatch {
  if (!isObject(parsed)) throw new Wrong('the body must be a JSON object')
  const id = optionalText(parsed, 'batch', '')
  const events = own(parsed, 'events')
  if (!Array.isArray(events)) throw new Wrong('events must be a list')
  if (events.length > MOST_EVENTS) throw new Wrong(`events may have ${MOST_EVENTS} elements`)
  const read = events.map((event: unknown, index) => {
    const path = `events[${index}]`
    if (!isObject(event)) throw new Wrong(`${path} must be an object`)
    if (checkNumbers && !allFinite(event)) throw new Wrong(`${path} contains a number beyond the range of a double`)
    return eventOf(event, `${path}.`)
  })
  return { id, events: read }
}

function eventOf(event: Members, path: string): TrackEvent {
  const timestamp = own(event, 'timestamp')
  if (typeof timestamp !== 'number') throw new Wrong(`${path}timestamp must be a number of ms since the epoch`)
  const targetingKey = optionalText(event, 'targetingKey', path)
  const type = own(event, 'type')
  if (type === 'exposure') {
    const flag = text(event, 'flag', path)
    const variant = optionalText(event, 'variant', path)
    const revision = optionalText(event, 'revision', path)
    return { type, json: JSON.stringify({ type, flag, variant, targetingKey, timestamp, revision }) }
  }
  if (type !== 'track') throw new Wrong(`${path}type must be exposure or track`)
  const name = text(event, 'name', path)
  const value = own(event, 'value')
  if (value !== undefined && typeof value !== 'number') throw new Wrong(`${path}value must be a number`)
  const attributes = own(event, 'attributes')
  if (attributes !== undefined && !isObject(attributes)) throw new Wrong(`${path}attributes must be an object`)
  return { type, json: JSON.stringify({ type, name, targetingKey, timestamp, value, attributes }) }
}

function text(members: Members, name: string, path: string): string {
  const value = optionalText(members, name, path)
  if (value === undefined || value === '') throw new Wrong(`${path}${name} must be a text that is not empty`)
  return value
}

function optionalText(members: Members, name: string, path: string): string | undefined {
  const value = own(members, name)
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw new Wrong(`${path}${name} must be a text`)
  if (value.length > LONGEST_TEXT) throw new Wrong(`${path}${name} may have ${LONGEST_TEXT} characters`)
  return value
}

function own(members: Members, name: string): unknown {
  return Object.hasOwn(members, name) ? members[name] : undefined
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refused(errorCode: string, errorDetails: string): BatchReading {
  return { failure: { status: 400, errorCode, errorDetails } }
}
