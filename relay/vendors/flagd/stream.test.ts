/**
 * The sync service over real sockets against the ecosystem's own gRPC server, in plain text and with TLS: messages of all
 * sizes, ends of every kind, silence, and the calls that bridge what the stream cannot.
 */
import { ServerCredentials, status } from '@grpc/grpc-js'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { GrpcStream } from '../../upstream/grpc.ts'
import { until } from '../../upstream/testing/recorder.ts'
import { privateAuthority } from '../../upstream/testing/certificates.ts'
import { dialectOptions } from '../settings.ts'
import { follow } from '../testing/follow.ts'
import type { UpstreamSettings } from '../vendor.ts'
import { decodeString, encodeStrings } from './protobuf.ts'
import { flagd } from './source.ts'
import { SyncService } from './testing/sync-service.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

const document = (value: string): string =>
  `{"flags":{"f":{"state":"ENABLED","variants":{"on":${value}},"defaultVariant":"on"}}}`

async function service(credentials?: ServerCredentials): Promise<SyncService> {
  const started = await SyncService.start(credentials)
  open.push(started)
  started.serve(document('1.0'))
  return started
}

function connected(port: number, change: Partial<UpstreamSettings> = {}) {
  const followed = follow(flagd, { vendor: 'flagd', url: `grpc://127.0.0.1:${port}`, ...change }, { seed: 4 })
  open.unshift({ close: () => followed.source.stop() })
  return followed
}

describe('the stream', () => {
  it('delivers the document, and every change', async () => {
    const sync = await service()
    const { documents, when, source } = connected(sync.port)
    for (const value of ['1.0', '2', '3']) {
      sync.serve(document(value))
      await when(() => documents().at(-1) === document(value), `version ${value}`)
    }
    expect(source.status()).toMatchObject({ state: 'live', consecutiveFailures: 0 })
    expect(sync.requests).toHaveLength(1)
    expect(sync.fetched).toBe(0)
  })

  it('asks as whom and for what it was told, in metadata and message', async () => {
    const sync = await service()
    const options = { selector: 'flagSetId=shop', providerId: 'relay-1', fractional: 3 }
    const settings = { options, secret: 'hush', headers: { 'X-Tenant': 'a' } }
    const { when, documents } = connected(sync.port, settings)
    await when(() => documents().length === 1, 'the document')
    expect(sync.requests[0]).toEqual({
      providerId: 'relay-1',
      selector: 'flagSetId=shop',
      header: 'flagSetId=shop',
      authorization: 'Bearer hush',
    })
    expect(dialectOptions(flagd, { vendor: 'flagd', ...settings })).toEqual({ fractional: 3 })
  })

  it('takes messages of many frames, and refuses those over the bound', async () => {
    const sync = await service()
    const large = document(`"${'x'.repeat(3_000_000)}"`)
    sync.serve(large)
    const { documents, when } = connected(sync.port)
    await when(() => documents().at(-1) === large, 'the large document')
    const { sink } = connected(sync.port, { maxBytes: 1_000_000 })
    expect((await sink.failureAt(1)).kind).toBe('too-large')
  })

  it.each([
    [status.UNAVAILABLE, 'network'],
    [status.UNAUTHENTICATED, 'unauthorized'],
    [status.PERMISSION_DENIED, 'unauthorized'],
    [status.UNIMPLEMENTED, 'not-found'],
    [status.INVALID_ARGUMENT, 'status'],
    [status.DEADLINE_EXCEEDED, 'timeout'],
  ])('status %i is no end: calls bridge it, and streams are tried again', async (code, kind) => {
    const sync = await service()
    sync.refuse = code
    const { sink, when, documents } = connected(sync.port)
    expect((await sink.failureAt(1)).kind).toBe(kind)
    await when(() => documents().length === 1, 'the fetched document')
    expect(sync.fetched).toBeGreaterThan(0)
    sync.refuse = undefined
    await when(() => sync.streams.size === 1, 'the stream after all')
    sync.serve(document('7'))
    await when(() => documents().at(-1) === document('7'), 'a pushed document')
  })

  it('goes back to what it told before, after calls told something else meanwhile', async () => {
    const sync = await service()
    const { documents, when } = connected(sync.port)
    await when(() => documents().length === 1, 'the document')
    sync.refuse = status.UNAVAILABLE
    for (const stream of sync.streams) stream.end()
    await when(() => sync.streams.size === 0, 'the end of the stream')
    sync.serve(document('2'))
    await when(() => documents().at(-1) === document('2'), 'the fetched document')
    sync.refuse = undefined
    sync.serve(document('1.0'))
    await when(() => sync.streams.size === 1, 'the stream')
    await when(() => documents().at(-1) === document('1.0'), 'the document as it was')
  })

  it('comes back after the server ended it, or vanished', async () => {
    const sync = await service()
    const { documents, when, timers } = connected(sync.port)
    await when(() => documents().length === 1, 'the document')
    await timers.advance(1_000)
    for (const stream of sync.streams) stream.end()
    await when(() => sync.requests.length === 2, 'the next stream')
    await sync.close()
    await when(() => documents().length === 1 && timers.monotonic() > 60_000, 'some failures')
    expect(documents()).toHaveLength(1)
  })

  it('leaves a server that goes silent, and not one that answers pings', async () => {
    const sync = await service()
    const { documents, when, timers, sink, source } = connected(sync.port)
    await when(() => documents().length === 1, 'the document')
    for (let beat = 0; beat < 10; beat++) {
      await timers.advance(40_000)
      await new Promise((resolve) => void setTimeout(resolve, 10))
    }
    expect(sync.requests).toHaveLength(1)
    expect(sink.words.filter((word) => word === 'unchanged').length).toBeGreaterThan(5)
    expect(source.status().state).toBe('live')
    const mute = createServer((socket) => void socket.on('error', () => undefined).resume())
    await new Promise<void>((resolve) => void mute.listen(0, '127.0.0.1', resolve))
    open.push({ close: () => new Promise((resolve) => void mute.close(() => resolve())) })
    const silent = connected((mute.address() as AddressInfo).port)
    await silent.timers.advance(14_000)
    expect(silent.sink.events).toEqual([])
    await silent.timers.advance(1_001)
    expect((await silent.sink.failureAt(1)).kind).toBe('timeout')
  })

  it('calls again and again where streams are not wanted', async () => {
    const sync = await service()
    const { documents, when, sink } = connected(sync.port, { stream: false })
    await when(() => documents().length === 1, 'the document')
    await when(() => sink.words.at(-1) === 'unchanged', 'no news')
    sync.serve(document('2'))
    await when(() => documents().length === 2, 'news')
    expect(sync.streams.size).toBe(0)
  })

  it('lets go of everything when it is stopped', async () => {
    const sync = await service()
    const { documents, when, source, timers } = connected(sync.port)
    await when(() => documents().length === 1, 'the document')
    await source.stop()
    await until(() => sync.streams.size === 0, 'the end of the stream')
    expect(timers.pending).toBe(0)
  })
})

describe('TLS', () => {
  it('trusts who signed the server, and nobody else', async () => {
    const { ca, key, certificate } = await privateAuthority()
    const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(certificate) }
    const sync = await service(ServerCredentials.createSsl(null, [pair]))
    const heard = async (trust: { readonly ca?: string }): Promise<string> => {
      const timers = new FakeTimers()
      const stream = new GrpcStream({
        url: `grpcs://127.0.0.1:${sync.port}`,
        method: '/flagd.sync.v1.FlagSyncService/SyncFlags',
        request: encodeStrings({}),
        read: (message) => decodeString(message, 1),
        timers,
        ...trust,
      })
      open.unshift({ close: () => stream.stop() })
      return await new Promise((resolve) => {
        stream.start({
          opened: () => undefined,
          alive: () => undefined,
          event: ({ data }) => resolve(data),
          closed: (error) => resolve(error?.message ?? 'ended'),
        })
      })
    }
    expect(await heard({ ca })).toBe(document('1.0'))
    expect(await heard({})).toMatch(/SELF_SIGNED|UNABLE_TO/)
  })
})

describe('settings', () => {
  const check = (settings: Partial<UpstreamSettings>): string[] =>
    flagd.check({ vendor: 'flagd', ...settings }).map(({ path, message }) => `${path} ${message}`)

  it('take grpc addresses, with a port or without', () => {
    expect(check({ url: 'grpc://flagd' })).toEqual([])
    expect(check({ url: 'grpcs://flagd.example.com:443', options: { selector: 'source=a' } })).toEqual([])
    for (const url of ['grpc://', 'grpc://a/b', 'grpc://me:pw@a', 'grpc://a?b=c']) {
      expect(check({ url })).toEqual([expect.stringMatching(/^url must be/)])
    }
    expect(check({ url: 'https://a.example/f.json', options: { selector: 'a' } })).toEqual([
      'options.selector is for grpc addresses only',
    ])
    expect(check({ url: 'grpc://a', options: { providerId: 7 } })).toEqual([
      'options.providerId must be printable ASCII text',
    ])
  })
})

describe('messages', () => {
  it('step over fields they do not know, and refuse what is no message', () => {
    const known = Buffer.from(encodeStrings({ 1: 'é'.repeat(100), 2: 'b' }))
    const unknown = Buffer.from([0x18, 0xff, 0x01, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x2d, 1, 2, 3, 4, 0x32, 1, 0x61])
    expect(decodeString(Buffer.concat([unknown, known, unknown]), 1)).toBe('é'.repeat(100))
    expect(decodeString(unknown, 1)).toBe('')
    for (let length = 1; length < known.length; length++) {
      const cut = known.subarray(0, length)
      const said = ((): string => {
        try {
          return decodeString(cut, 1)
        } catch (error) {
          return String(error)
        }
      })()
      expect(said === 'é'.repeat(100) || said.includes('cannot be read')).toBe(true)
    }
    expect(() => decodeString(Buffer.from([0x0b]), 1)).toThrow('cannot be read')
    expect(() => decodeString(Buffer.from([0x0a, 1, 0xff]), 1)).toThrow('cannot be read')
  })
})
