/** `GET /ofrep/v1/events`: OFREP's event stream, opened by the URL that a bulk answer has advertised. */
import type { HttpReply } from '../http-message.ts'
import { notReady } from '../ofrep/answer.ts'
import type { Call, Route } from '../route.ts'
import type { Hubs } from '../stream/hubs.ts'
import { streamHead } from '../stream/sse.ts'
import type { Streams } from '../stream/streams.ts'
import { NoticeChannel } from './notices.ts'

export const EVENTS_PATH = '/ofrep/v1/events'

export function eventsRoute(hubs: Hubs, streams: Streams): Route {
  return {
    method: 'GET',
    template: EVENTS_PATH,
    scopes: ['server', 'client', 'admin'],
    tokens: true,
    handle: (call) => open(call, hubs, streams),
  }
}

function open({ request, caller }: Call, hubs: Hubs, streams: Streams): HttpReply {
  const hub = hubs.of(caller.tenant)
  if (hub.point === undefined) return notReady(caller)
  if (request.method === 'HEAD') return streamHead
  const last = request.header('last-event-id')
  return streams.open(caller, 'events', (outlet) => new NoticeChannel(hub, outlet, caller, last))
}
