/**
 * Unleash's server, or an Edge in front of it, followed by its stream where it has one, and asked over HTTP for all
 * features of an environment while it has none. The token goes into Authorization without a scheme. The server shows
 * who is connected by the headers of each request, and sends segments only to callers that say they know them: without
 * that header every rule would arrive inlined.
 */
import { hostname } from 'node:os'
import { readOptions } from '../../engine/dialects/unleash/profile.ts'
import type { Timers } from '../../upstream/clock.ts'
import { HttpPollSource } from '../../upstream/http-poll.ts'
import type { Source } from '../../upstream/source.ts'
import { StreamedSource } from '../../upstream/streamed-source.ts'
import { baseAddress, optionsProblems, originProblem, problemsAt, uncheckedSettings } from '../settings.ts'
import { fileSource, pollBounds, transportBounds } from '../transport.ts'
import type { SettingsProblem, UpstreamSettings, Vendor, VendorTools } from '../vendor.ts'
import { HEARTBEAT, STREAM, UnleashFeed } from './stream.ts'

/** The client specification that the dialect passes, by the version the vendor's Node SDK names. */
const SPECIFICATION = '5.2.0'
const SDK = 'halyard:0.1.0'
/** As often as the vendor's SDKs. Milliseconds. */
const EVERY = 15_000

export const unleash: Vendor = {
  name: 'unleash',
  dialect: 'unleash',
  check: (settings) => [...checkOrigin(settings), ...optionsProblems(settings, readOptions)],
  connect(settings, { timers }: VendorTools): Source {
    const file = fileSource(settings, timers)
    if (file !== undefined) return file
    const { url, secret, headers, options = {} } = settings
    const base = url === undefined ? undefined : baseOf(url)
    if (base === undefined || secret === undefined) throw uncheckedSettings()
    const bounds = pollBounds(settings, timers, EVERY)
    const appName = readOptions(options).appName ?? 'halyard'
    const sent = {
      'user-agent': appName,
      'unleash-appname': appName,
      'unleash-instanceid': `halyard-${hostname()}`,
      'unleash-sdk': SDK,
      'unleash-client-spec': SPECIFICATION,
      'unleash-interval': String(bounds.every),
    }
    const all = {
      ...sent,
      ...lowerCased(headers),
      'unleash-connection-id': uuid(timers),
      authorization: secret,
    }
    const poll = (): Source =>
      new HttpPollSource({ request: { url: `${base}/client/features`, headers: all }, ...bounds })
    if (settings.stream === false) return poll()
    return new StreamedSource({
      stream: {
        request: { url: `${base}${STREAM}`, headers: all },
        heartbeat: HEARTBEAT,
        ...transportBounds(settings),
      },
      feed: new UnleashFeed(secret, settings.maxBytes),
      poll,
      pollWhen: 'broken',
      timers,
    })
  },
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function checkOrigin(settings: UpstreamSettings): SettingsProblem[] {
  const { url, secret } = settings
  const missing = 'give the url of the Unleash server, such as https://unleash.example.com, or a file'
  const origin = originProblem(settings, missing)
  if (origin !== undefined) return [origin]
  if (url === undefined) return []
  const message =
    'must be the address of the Unleash server, such as https://unleash.example.com/api ' +
    '(http or https; without user, query and fragment)'
  return problemsAt({ url: baseOf(url) === undefined ? message : undefined, secret: secretProblem(secret) })
}

/** Never quotes the secret. */
function secretProblem(secret: string | undefined): string | undefined {
  if (secret === undefined || secret === '') return 'give the backend token of the environment'
  if (secret !== secret.trim()) return 'has white space around it'
  if (/^bearer\s/i.test(secret)) return 'begins with Bearer; give the token alone'
  return /^[\x21-\x7e]+$/.test(secret) ? undefined : 'must be a token as the server shows it, without blanks'
}

/** The address that `/client/features` is appended to, whether or not the url has that or `/api` already. */
function baseOf(url: string): string | undefined {
  const parsed = baseAddress(url)
  if (parsed === undefined) return undefined
  const path = parsed.pathname.replace(/\/+$/, '').replace(/(?:\/client)?\/features$/, '')
  return `${parsed.origin}${path.endsWith('/api') ? path : `${path}/api`}`
}

/** Version 4, from the relay's own randomness, so that tests know it. */
function uuid(timers: Timers): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(timers.random() * 16).toString(16)).join('')
  const variant = '89ab'.charAt(Math.floor(timers.random() * 4))
  return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, `$1-$2-4$3-${variant}$4-$5`)
}
