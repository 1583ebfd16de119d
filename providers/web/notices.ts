/**
 * OFREP's change notices: where a server says they are, and what one asks us to do. They come from any OFREP server, so
 * whatever cannot be understood is left alone.
 */

/** `ours`: on the server that we have credentials for; an opaque URL carries its own. */
export interface NoticeStream {
  readonly url: string
  readonly ours: boolean
}

/** The first event stream that a bulk answer names. Secret: neither logged nor kept. */
export function eventStream(answer: unknown, address: string): NoticeStream | undefined {
  const streams = (answer as { eventStreams?: unknown } | undefined)?.eventStreams
  for (const entry of Array.isArray(streams) ? (streams as unknown[]) : []) {
    const { type, url, endpoint } = entry as {
      type?: string
      url?: string
      endpoint?: { origin?: string; requestUri: string }
    }
    if (type !== 'sse') continue
    if (url) return { url, ours: false }
    if (endpoint) {
      const origin = endpoint.origin ?? /^https?:\/\/[^/]+/.exec(address)?.[0] ?? ''
      return { url: origin + endpoint.requestUri, ours: !endpoint.origin }
    }
  }
  return undefined
}

/** The query of the request that a notice asks for; undefined when it asks for none. */
export function noticeQuery(data: string): string | undefined {
  try {
    const { type, etag, lastModified } = JSON.parse(data) as Record<string, string | number | undefined>
    if (type !== 'refetchEvaluation') return undefined
    const query = new URLSearchParams()
    if (etag) query.set('flagConfigEtag', String(etag))
    if (lastModified) query.set('flagConfigLastModified', String(lastModified))
    return `?${query}`
  } catch {
    return undefined
  }
}
