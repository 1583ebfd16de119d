/** Upstreams behind a private authority, over every transport that speaks TLS: trusted with its certificate, refused without. */
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { ServerCredentials } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { privateAuthority } from '../upstream/testing/certificates.ts'
import type { Recorded } from '../upstream/testing/recorder.ts'
import { SyncService } from './flagd/testing/sync-service.ts'
import { follow } from './testing/follow.ts'
import { vendors } from './index.ts'
import type { UpstreamSettings } from './vendor.ts'

const { ca, certificate, key } = await privateAuthority()
const other = await privateAuthority()
const DOCUMENT = '{"flags":{}}'
const SECRET = 'v3faJy3RCUO8d-EJiVdN6waRfGjfNan02Ms9c0LiTD6w'

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function secureServer(): Promise<number> {
  const server = createServer({ cert: certificate, key }, (request, response) => {
    if (request.headers.accept === 'text/event-stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('event: put\ndata: {"path":"/","data":{"flags":{},"segments":{}}}\n\n')
    } else if (request.url?.endsWith('.json') === true) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(DOCUMENT)
    } else response.writeHead(404).end()
  })
  new WebSocketServer({ server }).on('connection', (socket) => {
    const data = { eventType: 'full', featureFlags: [], segments: [] }
    socket.on('message', () => socket.send(JSON.stringify({ messageType: 'data-sync', data })))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  open.push({
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => void server.close(resolve))
    },
  })
  return (server.address() as AddressInfo).port
}

async function syncService(): Promise<number> {
  const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(certificate) }
  const service = await SyncService.start(ServerCredentials.createSsl(null, [pair]))
  service.serve(DOCUMENT)
  open.push(service)
  return service.port
}

const CASES: readonly (readonly [string, () => Promise<number>, (port: number) => UpstreamSettings])[] = [
  ['a poll', secureServer, (port) => ({ vendor: 'flagd', url: `https://127.0.0.1:${port}/flags.json` })],
  ['a gRPC stream', syncService, (port) => ({ vendor: 'flagd', url: `grpcs://127.0.0.1:${port}` })],
  ['a WebSocket', secureServer, (port) => ({ vendor: 'featbit', url: `wss://127.0.0.1:${port}`, secret: SECRET })],
  [
    'an event stream',
    secureServer,
    (port) => ({ vendor: 'launchdarkly', url: `https://127.0.0.1:${port}`, secret: 'sdk-5d7c2b1e-1f4a-4c3b-9e0a' }),
  ],
]

describe.each(CASES)('%s', (_, start, settingsOf) => {
  it('is trusted with the authority’s certificate, and with no other', async () => {
    const settings = settingsOf(await start())
    const vendor = vendors.get(settings.vendor)
    if (vendor === undefined) throw new Error(`no vendor is called ${settings.vendor}`)
    const first = async (trust: { readonly ca?: string }): Promise<Recorded> => {
      const { source, sink } = follow(vendor, { ...settings, ...trust })
      open.unshift({ close: () => source.stop() })
      return await sink.at(1)
    }
    expect((await first({ ca })).kind).toBe('document')
    for (const trust of [{}, { ca: other.ca }]) {
      const refused = await first(trust)
      expect(refused).toMatchObject({ kind: 'failed', error: { kind: 'network' } })
      expect(refused.kind === 'failed' && refused.error.message).toMatch(/SIGN|UNABLE|CERT/)
    }
  })
})
