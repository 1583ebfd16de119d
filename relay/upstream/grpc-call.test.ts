/** What of a gRPC call shows on the wire only; the rest is tested with the servers of `vendors/flagd`. */
import { createServer } from 'node:http2'
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { FakeTimers } from './fake-timers.ts'
import { grpcCall } from './grpc-call.ts'
import { framed } from './grpc-frames.ts'
import { until } from './testing/recorder.ts'

it('lets the server send a megabyte without waiting for a word, on the connection as on the call', async () => {
  const sessions: ServerHttp2Session[] = []
  const server = createServer()
  server.on('session', (session) => sessions.push(session))
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined)
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
    stream.write(framed(Buffer.from('hello')))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stopped = new AbortController()
  const messages: string[] = []
  const url = `grpc://127.0.0.1:${port}`
  const request = { url, method: '/a.B/C', request: new Uint8Array(0), timers: new FakeTimers() }
  const message = (bytes: Uint8Array): void => void messages.push(Buffer.from(bytes).toString())
  const call = grpcCall(request, { message }, stopped.signal).catch((error: unknown) => error)
  await until(() => messages.length > 0, 'the message')
  await until(() => (sessions[0]?.state.remoteWindowSize ?? 0) > 1_000_000, 'the window of the connection')
  stopped.abort()
  expect(await call).toMatchObject({ kind: 'timeout' })
  await until(() => sessions[0]?.destroyed !== false, 'the end of the connection')
  await new Promise((resolve) => void server.close(resolve))
})
