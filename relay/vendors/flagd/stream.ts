/**
 * flagd's sync service by gRPC: the whole document at first, and again after every change. Each message replaces the one
 * before it, so nothing can be missed but the connection itself.
 */
import { GrpcPollSource, GrpcStream } from '../../upstream/grpc.ts'
import type { GrpcSourceOptions } from '../../upstream/grpc.ts'
import type { Source, UpstreamDocument } from '../../upstream/source.ts'
import { StreamedSource } from '../../upstream/streamed-source.ts'
import type { StreamEvent } from '../../upstream/connection.ts'
import type { StreamFeed, Verdict } from '../../upstream/streamed-source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'
import { transportBounds } from '../transport.ts'
import type { UpstreamSettings, VendorTools } from '../vendor.ts'
import { decodeString, encodeStrings } from './protobuf.ts'

const SERVICE = '/flagd.sync.v1.FlagSyncService'
const PROVIDER_ID = 1
const SELECTOR = 2
const FLAG_CONFIGURATION = 1

/** Where sync services listen. */
const PORT = 8015

/** Servers take more than one ping in 30 s for an attack. Milliseconds. */
const BEAT = 40_000

/** Options that say how to ask: which flags, and as whom. */
export const SYNC_OPTIONS = ['selector', 'providerId'] as const

class FlagdFeed implements StreamFeed {
  #current = false
  /** What was handed on last, from stream or call. */
  #text = ''

  get current(): boolean {
    return this.#current
  }

  opened(): Verdict {
    this.#current = false
    return 'nothing'
  }

  event({ data }: StreamEvent): Verdict {
    this.#current = true
    if (data === this.#text) return 'nothing'
    this.#text = data
    return 'changed'
  }

  document(): Uint8Array {
    return new TextEncoder().encode(this.#text)
  }

  polled(document: UpstreamDocument): UpstreamDocument {
    this.#text = new TextDecoder().decode(document.bytes)
    return document
  }
}

/** The address with its port; undefined when it is none that gRPC can be spoken to. */
export function syncAddress(url: string): string | undefined {
  const parsed = URL.parse(url)
  if (parsed === null || !/^grpcs?:$/.test(parsed.protocol) || parsed.hostname === '') return undefined
  const { username, password, search, hash } = parsed
  if (`${username}${password}${search}${hash}` !== '' || !/^\/?$/.test(parsed.pathname)) return undefined
  return `${parsed.protocol}//${parsed.hostname}:${parsed.port === '' ? PORT : parsed.port}`
}

/** `every`: between polls while the stream is broken, ms. */
export function syncSource(
  url: string,
  headers: Readonly<Record<string, string>>,
  { settings, timers, every }: { readonly settings: UpstreamSettings; readonly every: number } & VendorTools,
): Source {
  const { selector = '', providerId = '' } = settings.options ?? {}
  const common: Omit<GrpcSourceOptions, 'method'> = {
    url,
    // Current servers read the selector from the metadata, older ones from the message.
    headers: { ...headers, ...(selector === '' ? {} : { 'flagd-selector': String(selector) }) },
    request: encodeStrings({ [PROVIDER_ID]: String(providerId), [SELECTOR]: String(selector) }),
    read,
    beat: BEAT,
    timers,
    ...transportBounds(settings),
  }
  const poll = (): Source => new GrpcPollSource({ ...common, method: `${SERVICE}/FetchAllFlags`, every })
  if (settings.stream === false) return poll()
  const stream = new GrpcStream({ ...common, method: `${SERVICE}/SyncFlags` })
  return new StreamedSource({ stream, feed: new FlagdFeed(), poll, pollWhen: 'broken', timers })
}

function read(message: Uint8Array): string {
  const text = decodeString(message, FLAG_CONFIGURATION)
  if (text === '') throw new UpstreamError('body', 'the server sent an empty document')
  return text
}
