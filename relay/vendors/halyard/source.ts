/**
 * Another relay as upstream: its document comes in an envelope that says whose it is, so a chain answers as its first
 * relay does and under the same revision. What an envelope says of its relay's own order is left out of what is served
 * and stored: else every restart up the chain, or a chain that leads back to itself, would look like a new document.
 */
import { DocumentError, unwrap, wrap } from '@halyard/engine'
import { ConvertedSource } from '../../upstream/converted-source.ts'
import { HttpPollSource } from '../../upstream/http-poll.ts'
import type { Source, UpstreamDocument } from '../../upstream/source.ts'
import { StreamedSource } from '../../upstream/streamed-source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'
import { baseAddress, originProblem, problemsAt, uncheckedSettings } from '../settings.ts'
import { fileSource, pollBounds, transportBounds } from '../transport.ts'
import type { SettingsProblem, UpstreamSettings, Vendor, VendorTools } from '../vendor.ts'
import { HalyardFeed, HEARTBEAT } from './stream.ts'

const ROUTE = '/v1/document'
const STREAM = '/v1/document/stream'

/** A 304 costs the other relay next to nothing. Milliseconds. */
const EVERY = 10_000

export const halyard: Vendor = {
  name: 'halyard',
  dialect: 'halyard',
  check: (settings) => [...checkOrigin(settings), ...checkOptions(settings)],
  connect: (settings, tools) => new ConvertedSource(enveloped(settings, tools), withoutOrder),
}

function enveloped(settings: UpstreamSettings, { timers }: VendorTools): Source {
  const file = fileSource(settings, timers)
  if (file !== undefined) return file
  const { secret } = settings
  const base = baseOf(settings.url)
  if (base === undefined) throw uncheckedSettings()
  const headers = { ...settings.headers, ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }) }
  const poll = (): Source =>
    new HttpPollSource({ request: { url: `${base}${ROUTE}`, headers }, ...pollBounds(settings, timers, EVERY) })
  if (settings.stream === false) return poll()
  return new StreamedSource({
    stream: {
      request: { url: `${base}${STREAM}`, headers },
      heartbeat: HEARTBEAT,
      timers,
      ...transportBounds(settings),
    },
    feed: new HalyardFeed(),
    poll,
    pollWhen: 'broken',
    timers,
  })
}

function withoutOrder(document: UpstreamDocument): UpstreamDocument {
  try {
    return { ...document, bytes: wrap({ ...unwrap(document.bytes), epoch: 0, version: 0, receivedAt: 0 }) }
  } catch (cause) {
    const message = cause instanceof DocumentError ? cause.message : 'the envelope cannot be read'
    throw new UpstreamError('body', message, { cause })
  }
}

/** The address that paths are appended to; undefined when the url is no such address. */
function baseOf(url: string | undefined): string | undefined {
  const parsed = url === undefined ? undefined : baseAddress(url)
  return parsed && `${parsed.origin}${parsed.pathname.replace(/(?:\/v1\/document(?:\/stream)?)?\/*$/, '')}`
}

function checkOrigin(settings: UpstreamSettings): SettingsProblem[] {
  const { url, secret } = settings
  const origin = originProblem(settings, 'give the url of the other relay, or a file')
  if (origin !== undefined) return [origin]
  if (url === undefined) return []
  const message =
    'must be the base address of the other relay, such as https://flags.example.com or ' +
    'https://flags.example.com/env/shop (http or https; without user, query and fragment)'
  return problemsAt({ url: baseOf(url) === undefined ? message : undefined, secret: secretProblem(secret) })
}

/** Never quotes the secret. Relays that are open to their own machine need none. */
function secretProblem(secret: string | undefined): string | undefined {
  if (secret === undefined || /^[\x21-\x7e]{8,}$/.test(secret)) return undefined
  return 'must be a server key of the other relay: 8 characters or more of printable ASCII without spaces'
}

function checkOptions({ options = {} }: UpstreamSettings): SettingsProblem[] {
  if (Object.keys(options).length === 0) return []
  return [{ path: 'options', message: 'are those of the first relay in the chain; leave them out here' }]
}
