/**
 * LaunchDarkly's stream of one environment: everything first, then each changed flag or segment with its version. An
 * event that cannot be read means that something was missed, so the connection is made anew, which sends everything.
 */
import { own } from '../../engine/context.ts'
import { PatchedDocument } from '../../upstream/patched-document.ts'
import type { VersionedObject } from '../../upstream/patched-document.ts'
import type { StreamEvent } from '../../upstream/connection.ts'
import type { StreamFeed, Verdict } from '../../upstream/streamed-source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'

const COLLECTIONS = ['flags', 'segments']
const ROUTE = '/all'

/** Relays of the vendor send a comment every three minutes; its SDKs give up after five. Milliseconds. */
export const HEARTBEAT = 120_000

/** Where the stream is when polls go to `base`: the vendor's own service has a host for each, others have one. */
export function streamAddress(base: URL): string {
  const url = new URL(base)
  if (/(?:^|\.)launchdarkly\.(?:com|us)$/.test(url.hostname)) url.hostname = url.hostname.replace(/^sdk\./, 'stream.')
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${ROUTE}`
  return url.href
}

/** Applies the events of `GET /all`. */
export class LaunchDarklyFeed implements StreamFeed {
  readonly #document: PatchedDocument
  #current = false

  constructor(maxBytes: number | undefined) {
    this.#document = new PatchedDocument(COLLECTIONS, maxBytes)
  }

  get current(): boolean {
    return this.#current
  }

  opened(): Verdict {
    this.#current = false
    return 'nothing'
  }

  event({ type, data }: StreamEvent): Verdict {
    if (type === 'put') return this.#put(data)
    if (type !== 'patch' && type !== 'delete') return 'nothing'
    // Before the whole document there is nothing a change could be applied to.
    if (!this.#current) return 'nothing'
    const change = parsed(data, type)
    const path = target(own(change, 'path'))
    if (path === undefined) return 'nothing'
    const { collection, key } = path
    if (type === 'delete') {
      return this.#document.remove(collection, key, versionOf(change, type)) ? 'changed' : 'nothing'
    }
    const value = own(change, 'data')
    return this.#document.put(collection, { key, version: versionOf(value, type), value }) ? 'changed' : 'nothing'
  }

  #put(data: string): Verdict {
    const put = parsed(data, 'put')
    const path = own(put, 'path')
    if (path !== undefined && path !== '/') return 'nothing'
    const all = own(put, 'data')
    if (!isObject(all) || !isObject(own(all, 'flags'))) throw unreadable('put')
    const collections = COLLECTIONS.map((name) => {
      const objects = own(all, name) ?? {}
      if (!isObject(objects)) throw unreadable('put')
      return [name, Object.entries(objects).map(([key, value]) => versioned(key, value))] as const
    })
    const others = Object.entries(all).filter(([name]) => !COLLECTIONS.includes(name))
    this.#document.replace(new Map(collections), others)
    this.#current = true
    return 'changed'
  }

  document(): Uint8Array {
    return this.#document.toBytes('mapping')
  }
}

/** What a whole document holds is served as it came; one without a version yields to any patch. */
function versioned(key: string, value: unknown): VersionedObject {
  const version = own(value, 'version')
  return { key, version: typeof version === 'number' && Number.isFinite(version) ? version : -1, value }
}

function versionOf(value: unknown, type: string): number {
  const version = own(value, 'version')
  if (typeof version !== 'number' || !Number.isFinite(version)) throw unreadable(type)
  return version
}

/** `/flags/KEY`; undefined for a collection that is not ours. A key may hold slashes. */
function target(path: unknown): { readonly collection: string; readonly key: string } | undefined {
  const [, collection = '', key = ''] = typeof path === 'string' ? (/^\/([^/]+)\/([^]+)$/.exec(path) ?? []) : []
  return COLLECTIONS.includes(collection) ? { collection, key } : undefined
}

function parsed(data: string, type: string): object {
  let json: unknown
  try {
    json = JSON.parse(data)
  } catch (cause) {
    throw new UpstreamError('protocol', `the stream sent an unreadable ${type} event`, { cause })
  }
  if (!isObject(json)) throw unreadable(type)
  return json
}

/** Never quotes what was sent. */
function unreadable(type: string): UpstreamError {
  return new UpstreamError('protocol', `the stream sent an unreadable ${type} event`)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
