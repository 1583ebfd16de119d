/**
 * Flagsmith's API, asked for the environment document again and again, or a file of it. Two of its habits need care: a
 * document with many identity overrides comes in pages, and a change of such an override does not count as a change of
 * the environment, so a conditional request alone could keep an old one for ever.
 */
import { readOptions } from '../../engine/dialects/flagsmith/profile.ts'
import type { HttpRequest, Pages } from '../../upstream/http-exchange.ts'
import { HttpPollSource } from '../../upstream/http-poll.ts'
import type { Source } from '../../upstream/source.ts'
import type { SseRequest } from '../../upstream/sse.ts'
import { StreamedSource } from '../../upstream/streamed-source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'
import { baseAddress, optionsProblems, originProblem, problemsAt, uncheckedSettings } from '../settings.ts'
import { fileSource, pollBounds, transportBounds } from '../transport.ts'
import type { SettingsProblem, UpstreamSettings, Vendor, VendorTools } from '../vendor.ts'
import { FlagsmithFeed } from './stream.ts'

const DEFAULT_URL = 'https://edge.api.flagsmith.com/api/v1/'
const DOCUMENT = 'environment-document/'
/** As often as the vendor's SDKs. Milliseconds. */
const EVERY = 60_000

/** Of this many polls one asks unconditionally: by default every ten minutes. */
const UNCONDITIONAL = 10

export const flagsmith: Vendor = {
  name: 'flagsmith',
  dialect: 'flagsmith',
  check: (settings) => [...checkOrigin(settings), ...optionsProblems(settings, readOptions)],
  connect(settings, { timers }: VendorTools): Source {
    const file = fileSource(settings, timers)
    if (file !== undefined) return file
    const { url = DEFAULT_URL, secret, headers } = settings
    const base = baseOf(url)
    if (base === undefined || secret === undefined) throw uncheckedSettings()
    const feed = new FlagsmithFeed()
    let polls = 0
    const request = (): HttpRequest => ({
      url: `${base}${DOCUMENT}`,
      headers: { ...headers, 'x-environment-key': secret },
      validators: polls++ % UNCONDITIONAL !== 0 && !feed.mustFetchWhole,
      pages: pagesOf(base),
    })
    const poll = (): Source => new HttpPollSource({ request, ...pollBounds(settings, timers, EVERY) })
    if (settings.stream === false) return poll()
    // The stream is public: neither the server-side key nor anybody's gateway headers belong there.
    const notices = (): SseRequest => {
      const url = feed.address(base)
      if (url === undefined) throw new UpstreamError('internal', 'the address of the stream is not known yet')
      return { url }
    }
    const known = (): boolean => feed.address(base) !== undefined
    const stream = { request: notices, ...transportBounds(settings) }
    return new StreamedSource({ stream, feed, poll, pollWhen: 'always', known, timers })
  },
}

/** The next page's address is percent-encoded and relative to the API; the pages become a JSON list. */
function pagesOf(base: string): Pages {
  return {
    next: (link) => {
      const address = /<([^>]+)>;\s*rel="?next"?/.exec(link)?.[1]
      return address === undefined ? undefined : URL.parse(decoded(address), base)?.href
    },
    join: (pages) =>
      Buffer.concat([OPEN, ...pages.flatMap((page, index) => (index === 0 ? [page] : [COMMA, page])), CLOSE]),
  }
}

const OPEN: Uint8Array = Buffer.from('[')
const COMMA: Uint8Array = Buffer.from(',')
const CLOSE: Uint8Array = Buffer.from(']')

function decoded(address: string): string {
  try {
    return decodeURIComponent(address)
  } catch {
    return address
  }
}

function checkOrigin(settings: UpstreamSettings): SettingsProblem[] {
  const { url, file, secret } = settings
  // Without either the address is the default, so only both together can be wrong.
  const origin = url === undefined ? undefined : originProblem(settings, 'give a url or a file')
  if (origin !== undefined) return [origin]
  if (file !== undefined) return []
  const message =
    `must be the base address of the API, such as ${DEFAULT_URL}, which is the default ` +
    '(http or https; without user, query and fragment)'
  return problemsAt({
    url: url !== undefined && baseOf(url) === undefined ? message : undefined,
    secret: secretProblem(secret),
  })
}

/** Never quotes the secret. */
function secretProblem(secret: string | undefined): string | undefined {
  if (secret === undefined) return 'give the server-side environment key (it begins with ser.), or a file'
  if (/\s/.test(secret)) return 'has white space in it'
  if (/^ser\.[\x21-\x7e]+$/.test(secret)) return undefined
  return 'must be a server-side environment key, which begins with ser.: the document is not given to client-side keys'
}

/** The address that ends where paths begin; undefined when the url is no such address. A bare host means its API. */
function baseOf(url: string): string | undefined {
  const parsed = baseAddress(url)
  if (parsed === undefined) return undefined
  const path = parsed.pathname.replace(/(?:\/environment-document)?\/*$/, '')
  return `${parsed.origin}${path === '' ? '/api/v1' : path}/`
}
