/** `POST /v1/track`: takes exposures and tracking events off clients' hands, at most once each batch. */
import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { HttpReply } from '../http-message.ts'
import { refusal } from '../ofrep/answer.ts'
import type { Observer } from '../observer.ts'
import { json } from '../replies.ts'
import type { Call, Route } from '../route.ts'
import type { Limits } from '../settings.ts'
import { readBatch } from './batch.ts'
import type { TrackEvent } from './batch.ts'

/** Takes events without waiting for anybody; false when there is no room. */
export interface TrackQueue {
  offer(environment: string, event: TrackEvent): boolean
}

export interface TrackParts {
  readonly limits: Limits
  readonly observer: Observer
  readonly queue: TrackQueue
}

interface Taken {
  readonly accepted: number
  readonly dropped: number
}

/** Batches remembered, so that one that is sent again is not counted again. */
const REMEMBERED = 10_000

export function trackRoute(parts: TrackParts): Route {
  const known = new LRUCache<string, Taken>({ max: REMEMBERED })
  return {
    method: 'POST',
    template: '/v1/track',
    scopes: ['server', 'client', 'admin'],
    handle: (call) => take(call, parts, known),
  }
}

function take({ request, caller }: Call, parts: TrackParts, known: LRUCache<string, Taken>): HttpReply {
  const reading = readBatch(request.body, parts.limits)
  if ('failure' in reading) return refusal(caller, undefined, reading.failure)
  const { id, events } = reading.batch
  const { name } = caller.tenant
  const key = id === undefined ? undefined : hash('sha256', JSON.stringify([name, id]), 'base64url')
  const before = key === undefined ? undefined : known.get(key)
  if (before !== undefined) return json(202, before)
  const taken = offer(name, events, parts)
  if (key !== undefined) known.set(key, taken)
  return json(202, taken)
}

function offer(environment: string, events: readonly TrackEvent[], { queue, observer }: TrackParts): Taken {
  const counts = { exposure: { accepted: 0, dropped: 0 }, track: { accepted: 0, dropped: 0 } }
  for (const event of events) counts[event.type][queue.offer(environment, event) ? 'accepted' : 'dropped']++
  for (const type of ['exposure', 'track'] as const) {
    for (const result of ['accepted', 'dropped'] as const) {
      if (counts[type][result] > 0) observer.tracked(environment, type, result, counts[type][result])
    }
  }
  return {
    accepted: counts.exposure.accepted + counts.track.accepted,
    dropped: counts.exposure.dropped + counts.track.dropped,
  }
}
