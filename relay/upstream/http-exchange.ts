/**
 * One request for one document: redirects, statuses, validators and faults, folded into a small closed answer.
 * Everything that could hang, grow or leak ends here, so that the polling loop above only sees outcomes.
 */
import type { Dispatcher } from 'undici'
import { FORBIDDEN_ADDRESS, isForbiddenAddress } from './address.ts'
import { parseRetryAfter } from './backoff.ts'
import { ACCEPT_ENCODING, decodeBody, readBody } from './http-body.ts'
import { UpstreamError, causeCode, redactUrl } from './upstream-error.ts'

/** What a vendor says about its pages. */
export interface Pages {
  /** The address of the next page by the Link header of one; undefined after the last. */
  next(link: string, page: URL): string | undefined
  /** One document of several pages, in order. */
  join(pages: readonly Uint8Array[]): Uint8Array
}

/** What a vendor says about its request; everything else is this room's business. */
export interface HttpRequest {
  /** http or https. `user:password@` becomes Basic authorization. */
  readonly url: string
  /** Default GET. */
  readonly method?: 'GET' | 'POST'
  /** Sent to the url's own origin only, never after a redirect to another host. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Sends If-None-Match and If-Modified-Since once a document is known. Default true. */
  readonly validators?: boolean
  /** The Accept header. Default `application/json`. */
  readonly accept?: string
  /** What an empty 200 means. Default: a failure of kind `body`, because an empty document would replace a good one. */
  readonly empty?: 'unchanged' | 'document'
  /** For documents that come in pages. Default: the first page is the document. */
  readonly pages?: Pages
}

/** What a server told about a document, to be told back to the very URL that said it. */
export interface Validators {
  readonly url: string
  readonly etag?: string
  readonly lastModified?: string
}

/** `not-modified` is a 304, `empty` a 2xx without a body. */
export type ExchangeAnswer =
  | { readonly kind: 'not-modified' | 'empty' }
  | {
      readonly kind: 'document'
      readonly bytes: Uint8Array
      readonly url: string
      readonly contentType?: string
      /** The Link header. */
      readonly link?: string
      readonly validators: Validators
    }

/** Bounds of one exchange. */
export interface ExchangeOptions {
  readonly dispatcher: Dispatcher
  readonly maxBytes: number
  readonly allowRedirectHosts: readonly string[]
  readonly validators: Validators | undefined
  /** Milliseconds since the epoch, for Retry-After dates. */
  readonly now: () => number
  /** Aborted by `stop()` and by the total deadline. */
  readonly signal: AbortSignal
}

const MAX_REDIRECTS = 3
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const TIMEOUTS: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
])
const TOO_LARGE: ReadonlySet<string> = new Set(['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'UND_ERR_HEADERS_OVERFLOW'])

/** Asks once, following redirects that are allowed. Throws `UpstreamError` only. */
export async function exchange(request: HttpRequest, options: ExchangeOptions): Promise<ExchangeAnswer> {
  const { url, response } = await ask(request, options)
  return await answer(request, url, response, options)
}

/** What bounds a request up to the headers of its answer. */
export type AskOptions = Omit<ExchangeOptions, 'maxBytes'>

/** The first answer that is no redirect, its body unread: the caller must read or destroy it. */
export async function ask(
  request: HttpRequest,
  options: AskOptions,
): Promise<{ readonly url: URL; readonly response: Dispatcher.ResponseData }> {
  const first = URL.parse(request.url)
  if (first === null || !/^https?:$/.test(first.protocol)) {
    throw new UpstreamError('internal', 'the upstream url must begin with http:// or https://')
  }
  let url = first
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    if (isForbiddenAddress(url.hostname)) {
      throw new UpstreamError(hop === 0 ? 'network' : 'redirect', 'the address is link-local and never contacted')
    }
    const response = await send(request, url, first, options)
    if (!REDIRECTS.has(response.statusCode)) return { url, response }
    await discard(response)
    url = nextUrl(request, url, response, options)
  }
  throw new UpstreamError('redirect', `${redactUrl(first)} redirects more than ${MAX_REDIRECTS} times`)
}

async function send(request: HttpRequest, url: URL, first: URL, options: AskOptions): Promise<Dispatcher.ResponseData> {
  const headers = new Map([
    ['accept', request.accept ?? 'application/json'],
    ['accept-encoding', ACCEPT_ENCODING],
    ['user-agent', 'halyard'],
  ])
  if (url.origin === first.origin) {
    if (first.username !== '' || first.password !== '') {
      const pair = `${decodeURIComponent(first.username)}:${decodeURIComponent(first.password)}`
      headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`)
    }
    for (const [name, value] of Object.entries(request.headers ?? {})) headers.set(name.toLowerCase(), value)
  }
  const { validators } = options
  if (request.validators !== false && validators?.url === url.href) {
    if (validators.etag !== undefined) headers.set('if-none-match', validators.etag)
    if (validators.lastModified !== undefined) headers.set('if-modified-since', validators.lastModified)
  }
  try {
    return await options.dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method ?? 'GET',
      headers: Object.fromEntries(headers),
      body: request.body ?? null,
      signal: options.signal,
    })
  } catch (cause) {
    throw describe(cause, url, 'connecting', options.signal)
  }
}

async function answer(
  request: HttpRequest,
  url: URL,
  response: Dispatcher.ResponseData,
  options: ExchangeOptions,
): Promise<ExchangeAnswer> {
  const status = response.statusCode
  if (status === 304 && options.validators !== undefined && request.validators !== false) {
    await discard(response)
    return { kind: 'not-modified' }
  }
  if (status !== 200 && status !== 204) {
    await discard(response)
    throw statusError(status, url, header(response, 'retry-after'), options.now())
  }
  let bytes: Uint8Array
  try {
    const wire = await readBody(response.body, header(response, 'content-length'), options.maxBytes)
    bytes = await decodeBody(wire, header(response, 'content-encoding'), options.maxBytes)
  } catch (cause) {
    response.body.destroy()
    throw describe(cause, url, 'reading the body', options.signal)
  }
  if (bytes.length === 0 && (request.empty !== 'document' || status === 204)) {
    if (request.empty === 'unchanged') return { kind: 'empty' }
    throw new UpstreamError('body', `${redactUrl(url)} answered with an empty body`, { status })
  }
  const contentType = header(response, 'content-type')
  const etag = header(response, 'etag')
  const lastModified = header(response, 'last-modified')
  const link = header(response, 'link')
  return {
    kind: 'document',
    bytes,
    url: redactUrl(url),
    ...(contentType === undefined ? {} : { contentType }),
    ...(link === undefined ? {} : { link }),
    validators: {
      url: url.href,
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { lastModified }),
    },
  }
}

function nextUrl(request: HttpRequest, from: URL, response: Dispatcher.ResponseData, options: AskOptions): URL {
  const status = response.statusCode
  const refuse = (why: string): UpstreamError =>
    new UpstreamError('redirect', `${redactUrl(from)} redirects ${why}`, { status })
  const location = header(response, 'location')
  const to = location === undefined ? null : URL.parse(location, from.href)
  if (to === null || !/^https?:$/.test(to.protocol)) throw refuse('to no usable address')
  if (request.method === 'POST' && status !== 307 && status !== 308) throw refuse('a POST to a GET')
  to.username = ''
  to.password = ''
  if (to.origin === from.origin) return to
  if (!options.allowRedirectHosts.includes(to.host)) throw refuse(`to another host (${to.host}), which is not allowed`)
  if (from.protocol === 'https:' && to.protocol === 'http:') throw refuse('from https to http')
  return to
}

/** What a status other than success means. */
export function statusError(status: number, url: URL, retryAfter: string | undefined, now: number): UpstreamError {
  const wait = parseRetryAfter(retryAfter, now)
  const message = `${redactUrl(url)} answered with status ${status}`
  const known = { status, ...(wait === undefined ? {} : { retryAfter: wait }) }
  if (status === 401 || status === 403) return new UpstreamError('unauthorized', message, known)
  if (status === 404 || status === 410) return new UpstreamError('not-found', message, known)
  return new UpstreamError('status', message, known)
}

/** A fault underneath as an error that is safe to show. */
export function describe(cause: unknown, url: URL, during: string, signal: AbortSignal): UpstreamError {
  if (cause instanceof UpstreamError) return cause
  const where = `${redactUrl(url)} failed while ${during}`
  if (signal.aborted) return new UpstreamError('timeout', `${where}: the deadline passed`, { cause })
  const code = causeCode(cause)
  const message = `${where}: ${code}`
  if (TIMEOUTS.has(code)) return new UpstreamError('timeout', message, { cause })
  if (TOO_LARGE.has(code)) return new UpstreamError('too-large', message, { cause })
  if (code.startsWith('HPE_') || code === 'HTTPParserError') return new UpstreamError('protocol', message, { cause })
  if (code === FORBIDDEN_ADDRESS) {
    return new UpstreamError('network', `${where}: it resolves to a link-local address`, { cause })
  }
  return new UpstreamError(during === 'connecting' ? 'network' : 'body', message, { cause })
}

/** Reads a body nobody wants, so that its connection is free again; a long one is cut off with its connection. */
export async function discard(response: Dispatcher.ResponseData): Promise<void> {
  try {
    await response.body.dump({ limit: 64 * 1024 })
  } catch {
    // The connection is gone, which is what cutting it off means.
    response.body.destroy()
  }
}

/** The first value of a response header. */
export function header(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = Object.hasOwn(response.headers, name) ? response.headers[name] : undefined
  return Array.isArray(value) ? value[0] : value
}
