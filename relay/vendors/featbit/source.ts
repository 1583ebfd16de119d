/**
 * FeatBit's evaluation server: its WebSocket, and HTTP for the whole environment again and again where that cannot be
 * had. Two habits of the latter need care: an empty body means "nothing newer" and not "no flags", and a request with an
 * ETag loses its credential on the way back through the vendor's own clients, so validators are never sent and the relay
 * compares bytes instead.
 */
import { readOptions } from '../../engine/dialects/featbit/profile.ts'
import { HttpPollSource } from '../../upstream/http-poll.ts'
import type { Source } from '../../upstream/source.ts'
import { StreamedSource } from '../../upstream/streamed-source.ts'
import { WebSocketStream } from '../../upstream/websocket.ts'
import { baseAddress, optionsProblems, originProblem, problemsAt, uncheckedSettings } from '../settings.ts'
import { fileSource, pollBounds, transportBounds } from '../transport.ts'
import type { SettingsProblem, UpstreamSettings, Vendor, VendorTools } from '../vendor.ts'
import { FeatBitFeed, PING, refusal, STREAM } from './stream.ts'
import { connectionToken } from './token.ts'

/** Everything since the beginning: the answer is then always the whole document, never a patch. */
const LATEST_ALL = '/api/public/sdk/server/latest-all?timestamp=0'

/** As often as the vendor's SDKs poll. Milliseconds. */
const EVERY = 30_000

/** Two identifiers of 16 bytes in 22 characters each. */
const SECRET = /^[\w-]{44}$/

export const featbit: Vendor = {
  name: 'featbit',
  dialect: 'featbit',
  check: (settings) => [...checkOrigin(settings), ...optionsProblems(settings, readOptions)],
  connect(settings, { timers }: VendorTools): Source {
    const file = fileSource(settings, timers)
    if (file !== undefined) return file
    const { url, secret, headers } = settings
    const base = url === undefined ? undefined : baseOf(url)
    if (base === undefined || secret === undefined) throw uncheckedSettings()
    const poll = (): Source =>
      new HttpPollSource({
        request: {
          url: `${base}${LATEST_ALL}`,
          headers: { ...headers, authorization: secret },
          validators: false,
          empty: 'unchanged',
        },
        ...pollBounds(settings, timers, EVERY),
      })
    if (settings.stream === false) return poll()
    const address = `${base.replace(/^http/, 'ws')}${STREAM}?type=server&token=`
    const feed = new FeatBitFeed(settings.maxBytes)
    const stream = new WebSocketStream({
      url: () => `${address}${connectionToken(secret, timers.now(), timers.random())}`,
      ...(headers === undefined ? {} : { headers }),
      hello: () => feed.hello(),
      ping: () => feed.ping(),
      beat: PING,
      closed: refusal,
      timers,
      ...transportBounds(settings),
    })
    return new StreamedSource({ stream, feed, poll, pollWhen: 'broken', timers })
  },
}

function checkOrigin(settings: UpstreamSettings): SettingsProblem[] {
  const { url, secret } = settings
  const origin = originProblem(settings, 'give the url of the evaluation server, or a file')
  if (origin !== undefined) return [origin]
  if (url === undefined) return []
  const message =
    'must be the base address of the evaluation server, such as https://featbit-eval.example.com ' +
    '(http, https, ws or wss; without user, query and fragment)'
  return problemsAt({ url: baseOf(url) === undefined ? message : undefined, secret: secretProblem(secret) })
}

/** Never quotes the secret. */
function secretProblem(secret: string | undefined): string | undefined {
  if (secret === undefined) return 'give the server secret of the environment'
  if (SECRET.test(secret)) return undefined
  if (secret !== secret.trim()) return 'has white space around it'
  if (secret.startsWith('rp-')) return 'is a relay-proxy key; give the server secret of the environment instead'
  return `has ${secret.length} characters; a server secret has 44, each a letter, a digit, - or _`
}

/** The address that paths are appended to; undefined when the url is no such address. */
function baseOf(url: string): string | undefined {
  const parsed = baseAddress(url.replace(/^ws(s?:)/i, 'http$1'))
  return parsed && `${parsed.origin}${parsed.pathname.replace(/(?:\/streaming)?\/*$/, '')}`
}
