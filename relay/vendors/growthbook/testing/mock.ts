/**
 * GrowthBook's API server, as far as the payload route goes: statuses, headers, validators and encryption as the vendor's
 * own clients meet them. The tests ask it with the unmodified SDK too, so that it cannot drift into our own reading.
 */
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { httpUpstream } from '../../../upstream/testing/upstreams.ts'
import type { TestUpstream } from '../../../upstream/testing/upstreams.ts'

/** One SDK connection. */
export interface Connection {
  payload: Readonly<Record<string, unknown>>
  /** Base64 of 16 bytes; the payload is encrypted when it is given. */
  encryptionKey?: string
  /** Remote evaluation only: the payload route refuses. */
  remoteEval?: boolean
}

export interface GrowthbookMock extends TestUpstream {
  /** By client key; may be changed while the server runs. */
  readonly connections: Map<string, Connection>
  /** Streams that are open now; the stream route is not there while this is undefined, as on servers without a proxy. */
  streams: Set<ServerResponse> | undefined
}

const CACHE = 'public, max-age=30, stale-while-revalidate=3600, stale-if-error=36000'

/** Starts a server on a free port. `path`: where the API lives, for servers behind a prefix. */
export async function growthbookMock(
  connections: Readonly<Record<string, Connection>>,
  path: string = '',
): Promise<GrowthbookMock> {
  const byKey = new Map(Object.entries(connections))
  const server = await httpUpstream((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://server')
    const stream = `${path}/sub/`
    if (mock.streams !== undefined) response.setHeader('x-sse-support', 'enabled')
    if (mock.streams === undefined || !pathname.startsWith(stream)) return answer(request, response, byKey, path)
    if (!byKey.has(decodeURIComponent(pathname.slice(stream.length)))) return void response.writeHead(400).end()
    const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }
    const open = mock.streams
    response.writeHead(200, headers).write('retry: 10000\n\n')
    open.add(response)
    response.once('close', () => open.delete(response))
  })
  const mock: GrowthbookMock = Object.assign(server, { connections: byKey, streams: undefined })
  return mock
}

/** Tells every open stream: the payload of a connection as it is now, or only that it changed. */
export function announce(mock: GrowthbookMock, key: string, how: 'features' | 'features-updated'): void {
  const connection = mock.connections.get(key)
  const data = how === 'features' && connection !== undefined ? JSON.stringify(bodyOf(connection)) : ''
  for (const stream of mock.streams ?? []) stream.write(`id: ${Date.now()}\nevent: ${how}\ndata: ${data}\n\n`)
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  connections: ReadonlyMap<string, Connection>,
  path: string,
): void {
  const { pathname } = new URL(request.url ?? '', 'http://server')
  const prefix = `${path}/api/features/`
  response.setHeader('access-control-allow-origin', '*')
  if (request.method !== 'GET' || !pathname.startsWith(prefix)) {
    send(response, 404, { status: 404, message: 'Route not found' })
    return
  }
  const connection = connections.get(decodeURIComponent(pathname.slice(prefix.length)))
  if (connection === undefined || connection.remoteEval === true) {
    response.setHeader('x-unrecoverable', '1')
    const error = connection === undefined ? 'Invalid API Key' : 'Remote evaluation required for this connection'
    send(response, 400, { status: 400, error })
    return
  }
  const body = JSON.stringify({ status: 200, ...bodyOf(connection) })
  // Over the plain payload, as encryption begins with chance.
  const etag = `W/"${createHash('sha256').update(JSON.stringify(connection)).digest('base64url').slice(0, 27)}"`
  response.setHeader('cache-control', CACHE)
  response.setHeader('etag', etag)
  if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
  else response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(body)
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}

const ENCRYPTED: Readonly<Record<string, readonly [name: string, empty: unknown]>> = {
  features: ['encryptedFeatures', {}],
  experiments: ['encryptedExperiments', []],
  savedGroups: ['encryptedSavedGroups', undefined],
  contextualBandits: ['encryptedContextualBandits', undefined],
}

function bodyOf({ payload, encryptionKey }: Connection): object {
  if (encryptionKey === undefined) return payload
  return Object.fromEntries(
    Object.entries(payload).flatMap(([name, value]): [string, unknown][] => {
      const encrypted = Object.hasOwn(ENCRYPTED, name) ? ENCRYPTED[name] : undefined
      if (encrypted === undefined) return [[name, value]]
      return [
        [name, encrypted[1]],
        [encrypted[0], encrypt(JSON.stringify(value), encryptionKey)],
      ]
    }),
  )
}

/** `base64(iv).base64(ciphertext)`, AES-128-CBC. */
export function encrypt(text: string, key: string): string {
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(key, 'base64'), iv)
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return `${iv.toString('base64')}.${ciphertext.toString('base64')}`
}
