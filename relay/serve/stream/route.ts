/** `GET` and `POST /v1/stream`: who may open a stream of evaluated flags, for which context, and from where on. */
import { Buffer } from 'node:buffer'
import type { HttpReply } from '../http-message.ts'
import { queryParameter } from '../http-message.ts'
import { notReady, refusal } from '../ofrep/answer.ts'
import { readContext } from '../ofrep/context.ts'
import type { Observer } from '../observer.ts'
import { failure } from '../replies.ts'
import type { Call, Route } from '../route.ts'
import type { Limits } from '../settings.ts'
import type { Caller } from '../tenants.ts'
import { Answers } from './answers.ts'
import { EvaluatedChannel, EvaluatedStreams } from './evaluated.ts'
import { isAhead, readId } from './event-id.ts'
import type { EventId } from './event-id.ts'
import type { Hub } from './hub.ts'
import type { Hubs } from './hubs.ts'
import { streamHead } from './sse.ts'
import type { Streams } from './streams.ts'

export interface EvaluatedRouteParts {
  readonly limits: Limits
  readonly hubs: Hubs
  readonly streams: Streams
  readonly observer: Observer
}

const BEFORE = Buffer.from('{"context":')
const AFTER = Buffer.from('}')

export function evaluatedRoutes(parts: EvaluatedRouteParts): Route[] {
  const opened = new WeakMap<Hub, EvaluatedStreams>()
  const ofHub = (hub: Hub): EvaluatedStreams => {
    const known = opened.get(hub)
    if (known !== undefined) return known
    const counter = () => parts.observer.evaluations(hub.tenant.name)
    const made = new EvaluatedStreams(hub, new Answers(hub.history, counter))
    opened.set(hub, made)
    return made
  }
  return (['GET', 'POST'] as const).map((method) => ({
    method,
    template: '/v1/stream',
    scopes: ['server', 'client', 'admin'],
    handle: (call) => open(call, parts, ofHub),
  }))
}

function open(
  { request, caller }: Call,
  { limits, hubs, streams }: EvaluatedRouteParts,
  ofHub: (hub: Hub) => EvaluatedStreams,
): HttpReply | Promise<HttpReply> {
  const { contextBytes } = streams.settings
  const body = request.method === 'POST' ? request.body : fromQuery(request.query)
  if (body.length > contextBytes + BEFORE.length + AFTER.length) {
    const errorDetails = `the context of a stream may have ${contextBytes} bytes`
    return refusal(caller, undefined, { status: 413, errorCode: 'INVALID_CONTEXT', errorDetails })
  }
  const contentType = request.method === 'POST' ? request.header('content-type') : undefined
  const reading = readContext(body, contentType, limits)
  if ('failure' in reading) return refusal(caller, undefined, reading.failure)
  const hub = hubs.of(caller.tenant)
  if (hub.point === undefined) return notReady(caller)
  if (request.method === 'HEAD') return streamHead
  const { context } = reading
  const last = readId(request.header('last-event-id'))
  const begin = (caller: Caller, hub: Hub): HttpReply => {
    const shared = ofHub(hub)
    return streams.open(
      caller,
      'evaluated',
      (outlet) => new EvaluatedChannel({ streams: shared, outlet, caller, context, last }),
    )
  }
  if (last === undefined || !lacks(hub, last)) return begin(caller, hub)
  return afterCatchUp(hubs, { hub, last, caller }, begin)
}

export interface Waiting {
  readonly hub: Hub
  readonly last: EventId
  readonly caller: Caller
}

/**
 * Opens a stream once the hub has caught up with its client, or after a while. Meanwhile what the client may do can change,
 * and its environment can go and come back, with another hub.
 */
export async function afterCatchUp(
  hubs: Hubs,
  { hub, last, caller }: Waiting,
  begin: (caller: Caller, hub: Hub) => HttpReply,
): Promise<HttpReply> {
  await caughtUp(hub, last, hub.streams.settings.catchUpMs)
  const now = hubs.renewed(caller)
  if (now === undefined) {
    return failure({ status: 401, errorCode: 'GENERAL', errorDetails: 'the key is unknown or has expired' })
  }
  const present = hubs.of(now.tenant)
  return present.point === undefined ? notReady(now) : begin(now, present)
}

/** The context as the body of a POST would have it. */
function fromQuery(query: string): Buffer {
  const encoded = queryParameter(query, 'context')
  return encoded === undefined ? Buffer.alloc(0) : Buffer.concat([BEFORE, Buffer.from(encoded, 'base64url'), AFTER])
}

/** Whether a client knows of a document that has not arrived here. */
export function lacks(hub: Hub, last: EventId): boolean {
  return hub.point !== undefined && isAhead(last, hub.point) && !hub.history.knows(last.revision)
}

/** Resolves when the hub has what the client has seen, or after `ms`. */
async function caughtUp(hub: Hub, last: EventId, ms: number): Promise<void> {
  const until = hub.timers.monotonic() + ms
  for (;;) {
    const left = until - hub.timers.monotonic()
    if (left <= 0 || !lacks(hub, last)) return
    await hub.moved(left)
  }
}
