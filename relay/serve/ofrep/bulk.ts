/**
 * `POST /ofrep/v1/evaluate/flags`: every flag's answer for one context, from one snapshot, as a join of prepared texts.
 * Whether the client already has that answer is decided before anything is evaluated.
 */
import type { Context } from '@halyard/engine'
import type { Snapshot } from '../../environment/snapshot.ts'
import { preferredCoding, WORTH_CODING } from '../compression.ts'
import { eventStreamsOf } from '../events/advertise.ts'
import type { AdvertiseParts } from '../events/advertise.ts'
import { listsTag, opaque } from '../etag.ts'
import { queryParameter } from '../http-message.ts'
import type { HttpReply } from '../http-message.ts'
import type { Call, Route } from '../route.ts'
import type { Hubs } from '../stream/hubs.ts'
import type { Caller } from '../tenants.ts'
import { data, encoderOf, notReady, refusal } from './answer.ts'
import { BodyCache } from './body-cache.ts'
import type { BulkBody } from './body-cache.ts'
import { revisionArrived } from './catch-up.ts'
import { CodedBodies } from './coded-bodies.ts'
import { readContext } from './context.ts'
import { bodyOf, REASONS } from './encoder.ts'
import type { OfrepParts } from './single.ts'
import { bulkTag } from './tag.ts'
import type { TagScope } from './tag.ts'

export interface BulkParts extends OfrepParts {
  readonly hubs: Hubs
  readonly advertise: AdvertiseParts
}

export function bulkRoute(parts: BulkParts): Route {
  const bodies = new BodyCache(parts.limits.bulkCacheBytes)
  const coded = new CodedBodies(bodies)
  return {
    method: 'POST',
    template: '/ofrep/v1/evaluate/flags',
    scopes: ['server', 'client', 'admin'],
    handle: (call) => {
      const { environment } = call.caller.tenant
      const announced = announcedRevision(call)
      const served = environment.snapshot()?.ruleset.revision
      if (announced === undefined || served === undefined || announced === served)
        return evaluate(call, parts, bodies, coded)
      // Served before: the client is behind, and what it has heard of will not come again.
      if (parts.hubs.of(call.caller.tenant).history.knows(announced)) return evaluate(call, parts, bodies, coded)
      const arrived = revisionArrived(environment, announced, parts.limits.catchUpMs, parts.timers)
      return arrived.then(() => evaluate(call, parts, bodies, coded))
    },
  }
}

function announcedRevision({ request }: Call): string | undefined {
  const announced = opaque(queryParameter(request.query, 'flagConfigEtag') ?? '')
  return announced === '' ? undefined : announced
}

function evaluate(
  call: Call,
  { limits, timers, observer, advertise }: BulkParts,
  bodies: BodyCache,
  coded: CodedBodies,
): HttpReply | Promise<HttpReply> {
  const { request, caller } = call
  const { tenant, view } = caller
  const snapshot = tenant.environment.snapshot()
  if (snapshot === undefined) return notReady(caller)
  const reading = readContext(request.body, request.header('content-type'), limits)
  if ('failure' in reading) return refusal(caller, undefined, reading.failure)
  const { context } = reading
  const now = timers.now()
  const { stale, headers } = tenant.freshness.of(snapshot)
  const metadata = tenant.settings.flagSetMetadata !== false
  const snakeCase = tenant.settings.snakeCaseErrors === true
  const scope = {
    environment: tenant.name,
    view: view.identity,
    valueless: caller.valueless,
    snakeCase,
    metadata,
    stale,
    eventStreams: eventStreamsOf(request, caller, advertise),
  }
  const tag = bulkTag(snapshot.ruleset, context, now, scope)
  const tagged = tag === undefined ? [] : ['ETag', `W/"${tag}"`]
  if (tag !== undefined && mayBeUnchanged(call, tag, snapshot)) {
    observer.bulk(tenant.name, true)
    return data(304, headers, undefined, tagged)
  }
  const coding = preferredCoding(request.header('accept-encoding'))
  const ready = tag === undefined || coding === undefined ? undefined : coded.get(tag, coding)
  const known = ready ?? (tag === undefined ? undefined : bodies.get(tag))
  const body = known ?? assemble(caller, snapshot, context, now, scope)
  if (tag !== undefined && known === undefined) bodies.offer(tag, body)
  const counter = observer.evaluations(tenant.name)
  for (const [reason, count] of body.reasons) counter.count(reason, count)
  observer.bulk(tenant.name, false)
  const plain = (): HttpReply => data(200, headers, body.bytes, tagged)
  if (coding === undefined) return plain()
  const inCoding = ({ bytes }: BulkBody): HttpReply =>
    data(200, headers, bytes, ['Content-Encoding', coding, ...tagged])
  if (ready !== undefined) return inCoding(ready)
  if (body.bytes.length < WORTH_CODING) return plain()
  return coded.code(tag, coding, body).then((made) => (made === undefined ? plain() : inCoding(made)))
}

function assemble(
  caller: Caller,
  snapshot: Snapshot,
  context: Context,
  now: number,
  { stale, eventStreams }: TagScope,
): BulkBody {
  const encoder = encoderOf(caller)
  const counts = [0, 0, 0, 0, 0, 0, 0, 0, 0]
  let text = ''
  for (const outcome of caller.view.outcomes(snapshot.ruleset, context, now)) {
    const item = encoder.item(outcome)
    counts[item.reason] = (counts[item.reason] ?? 0) + 1
    text += text === '' ? `{"flags":[${item.text.slice(1)}` : item.text
  }
  const metadata = caller.tenant.settings.flagSetMetadata === false ? '' : flagSetMetadata(snapshot, stale)
  const reasons = REASONS.map((reason, index) => [reason, counts[index] ?? 0] as const)
  const bytes = bodyOf(`${text === '' ? '{"flags":[' : text}]${metadata}${eventStreams}}`)
  return { bytes, reasons: reasons.filter(([, count]) => count > 0) }
}

/** A client that was told of a revision we do not serve must get an answer, never a "nothing changed". */
function mayBeUnchanged(call: Call, tag: string, snapshot: Snapshot): boolean {
  const ifNoneMatch = call.request.header('if-none-match')
  if (ifNoneMatch === undefined || !listsTag(ifNoneMatch, tag)) return false
  const announced = announcedRevision(call)
  return announced === undefined || announced === snapshot.ruleset.revision || announced === tag
}

function flagSetMetadata({ ruleset }: Snapshot, stale: boolean): string {
  const metadata = stale ? { ...ruleset.metadata, stale: true } : ruleset.metadata
  return Object.keys(metadata).length === 0 ? '' : `,"metadata":${JSON.stringify(metadata)}`
}
