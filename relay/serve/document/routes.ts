/** `GET /v1/document` and `/v1/document/stream`: the document for whoever evaluates by itself; never for client keys. */
import { preferredCoding, WORTH_CODING } from '../compression.ts'
import type { HttpReply } from '../http-message.ts'
import { listsTag } from '../etag.ts'
import { DATA_HEADERS, notReady } from '../ofrep/answer.ts'
import type { Call, Route } from '../route.ts'
import { readId } from '../stream/event-id.ts'
import type { Hub } from '../stream/hub.ts'
import type { Hubs } from '../stream/hubs.ts'
import { afterCatchUp, lacks } from '../stream/route.ts'
import { streamHead } from '../stream/sse.ts'
import type { Streams } from '../stream/streams.ts'
import type { Caller } from '../tenants.ts'
import { DocumentChannel, Documents } from './channel.ts'

export function documentRoutes(hubs: Hubs, streams: Streams): Route[] {
  const known = new WeakMap<Hub, Documents>()
  const ofHub = (hub: Hub): Documents => {
    const documents = known.get(hub) ?? new Documents(hub)
    known.set(hub, documents)
    return documents
  }
  const common = { method: 'GET', scopes: ['server', 'admin'] } as const
  return [
    { ...common, template: '/v1/document', handle: (call) => whole(call, ofHub(hubs.of(call.caller.tenant))) },
    {
      ...common,
      template: '/v1/document/stream',
      handle: (call) => open(call, ofHub, hubs, streams),
    },
  ]
}

function whole({ request, caller }: Call, documents: Documents): HttpReply | Promise<HttpReply> {
  const snapshot = caller.tenant.environment.snapshot()
  if (snapshot === undefined) return notReady(caller)
  const { revision } = snapshot.ruleset
  const { headers: freshness } = caller.tenant.freshness.of(snapshot)
  const headers = [...DATA_HEADERS, 'ETag', `"${revision}"`, ...freshness]
  const ifNoneMatch = request.header('if-none-match')
  if (ifNoneMatch !== undefined && listsTag(ifNoneMatch, revision)) return { status: 304, headers: headers.slice(2) }
  const document = documents.of(snapshot)
  const coding = preferredCoding(request.header('accept-encoding'))
  if (coding === undefined || document.body.length < WORTH_CODING) {
    return { status: 200, headers, body: document.body }
  }
  return document
    .compressed(coding)
    .then((body) => ({ status: 200, headers: [...headers, 'Content-Encoding', coding], body }))
}

function open(
  { request, caller }: Call,
  ofHub: (hub: Hub) => Documents,
  hubs: Hubs,
  streams: Streams,
): HttpReply | Promise<HttpReply> {
  const hub = hubs.of(caller.tenant)
  if (hub.point === undefined) return notReady(caller)
  if (request.method === 'HEAD') return streamHead
  const last = readId(request.header('last-event-id'))
  const begin = (caller: Caller, hub: Hub): HttpReply => {
    const documents = ofHub(hub)
    return streams.open(caller, 'document', (outlet) => new DocumentChannel({ documents, outlet, caller, last }))
  }
  if (last === undefined || !lacks(hub, last)) return begin(caller, hub)
  return afterCatchUp(hubs, { hub, last, caller }, begin)
}
