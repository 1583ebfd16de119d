/**
 * LaunchDarkly, followed by its stream as its SDKs do, and asked over HTTP for the whole environment while the stream is
 * broken or not wanted: the SDK key goes into Authorization without a scheme, and an ETag makes an answer without news
 * cheap. A document may also be a file in the form of the SDKs' file data source.
 */
import { readOptions } from '../../engine/dialects/launchdarkly/profile.ts'
import { HttpPollSource } from '../../upstream/http-poll.ts'
import type { Source } from '../../upstream/source.ts'
import { StreamedSource } from '../../upstream/streamed-source.ts'
import { optionsProblems, originProblem, uncheckedSettings, webAddress } from '../settings.ts'
import { fileSource, pollBounds, transportBounds } from '../transport.ts'
import type { SettingsProblem, UpstreamSettings, Vendor, VendorTools } from '../vendor.ts'
import { HEARTBEAT, LaunchDarklyFeed, streamAddress } from './stream.ts'

const LATEST_ALL = '/sdk/latest-all'
/** The vendor's own service, whose SDKs never ask more often than this. Milliseconds. */
const VENDOR_HOST = /(?:^|\.)launchdarkly\.(?:com|us)$/
const LEAST_EVERY = 30_000

export const launchdarkly: Vendor = {
  name: 'launchdarkly',
  dialect: 'launchdarkly',
  check: (settings) => [...checkOrigin(settings), ...optionsProblems(settings, readOptions)],
  connect(settings, { timers }: VendorTools): Source {
    const file = fileSource(settings, timers)
    if (file !== undefined) return file
    const { url, secret, headers } = settings
    const base = url === undefined ? undefined : baseOf(url)
    if (base === undefined || secret === undefined) throw uncheckedSettings()
    const sent = { ...headers, authorization: secret }
    const poll = (): Source =>
      new HttpPollSource({
        request: { url: pollAddress(base), headers: sent },
        ...pollBounds(settings, timers, LEAST_EVERY),
      })
    if (settings.stream === false) return poll()
    return new StreamedSource({
      stream: {
        request: { url: streamAddress(base), headers: sent },
        heartbeat: HEARTBEAT,
        timers,
        ...transportBounds(settings),
      },
      feed: new LaunchDarklyFeed(settings.maxBytes),
      poll,
      pollWhen: 'broken',
      timers,
    })
  },
}

function checkOrigin(settings: UpstreamSettings): SettingsProblem[] {
  const { url, secret, everyMs } = settings
  const missing = 'give the base url of the polling service, such as https://sdk.launchdarkly.com, or a file'
  const origin = originProblem(settings, missing)
  if (origin !== undefined) return [origin]
  if (url === undefined) return []
  const problems: SettingsProblem[] = []
  const address = baseOf(url)
  if (address === undefined) {
    const message =
      'must be the base address of the polling service, such as https://sdk.launchdarkly.com ' +
      '(http or https; without user and fragment; no query but ?filter=)'
    problems.push({ path: 'url', message })
  } else if (everyMs !== undefined && everyMs < LEAST_EVERY && VENDOR_HOST.test(address.hostname)) {
    problems.push({ path: 'every', message: 'must be at least 30s: the vendor does not serve polls more often' })
  }
  const wrong = secretProblem(secret)
  if (wrong !== undefined) problems.push({ path: 'secret', message: wrong })
  return problems
}

/** Never quotes the secret. */
function secretProblem(secret: string | undefined): string | undefined {
  if (secret === undefined || secret === '') return 'give the SDK key of the environment'
  if (secret !== secret.trim()) return 'has white space around it'
  if (!/^[\x21-\x7e]+$/.test(secret)) return 'has characters that no SDK key has'
  if (secret.startsWith('mob-')) return 'is a mobile key; give the SDK key of the environment (sdk-…) instead'
  if (secret.startsWith('api-')) return 'is an API access token; give the SDK key of the environment (sdk-…) instead'
  if (/^[0-9a-f]{24}$/.test(secret)) return 'is a client-side ID; give the SDK key of the environment (sdk-…) instead'
  return undefined
}

/** The address that routes are appended to; undefined when the url is none. A payload filter is the one query that counts. */
function baseOf(url: string): URL | undefined {
  const parsed = webAddress(url)
  if (parsed === undefined) return undefined
  if (`${parsed.username}${parsed.password}${parsed.hash}` !== '') return undefined
  if ([...parsed.searchParams.keys()].some((name) => name !== 'filter')) return undefined
  parsed.pathname = parsed.pathname.replace(/\/+$/, '')
  return parsed
}

/** The vendor's own service polls on another host than it streams. */
function pollAddress(base: URL): string {
  const url = new URL(base)
  if (VENDOR_HOST.test(url.hostname)) url.hostname = url.hostname.replace(/^stream\./, 'sdk.')
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${LATEST_ALL}`
  return url.href
}
