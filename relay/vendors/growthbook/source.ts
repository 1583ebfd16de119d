/**
 * GrowthBook's API server or its CDN, asked over HTTP for the payload of one SDK connection, at once when its stream
 * tells of a change. Its client key is no secret but part of the address, so it is never sent as a credential; a key of
 * the API, which is one, is refused.
 *
 * Options beside those of the dialect: `decryptionKey`, the key of a connection with encryption, in base64.
 */
import { readOptions } from '../../engine/dialects/growthbook/options.ts'
import { ConvertedSource } from '../../upstream/converted-source.ts'
import { HttpPollSource } from '../../upstream/http-poll.ts'
import type { Source, UpstreamDocument } from '../../upstream/source.ts'
import { StreamedSource } from '../../upstream/streamed-source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'
import { baseAddress, optionsProblems, originProblem, uncheckedSettings } from '../settings.ts'
import { fileSource, pollBounds, transportBounds } from '../transport.ts'
import type { SettingsProblem, UpstreamSettings, Vendor, VendorTools } from '../vendor.ts'
import { decryptPayload, readKey } from './decryption.ts'
import { GrowthBookFeed, HEARTBEAT } from './stream.ts'

const ROUTE = '/api/features/'
const STREAM = '/sub/'

/** As long as the vendor's SDKs take a payload for fresh. */
const EVERY = 60_000

export const growthbook: Vendor = {
  name: 'growthbook',
  dialect: 'growthbook',
  ownOptions: ['decryptionKey'],
  check: (settings) => [...checkOrigin(settings), ...checkOptions(settings)],
  connect(settings, tools: VendorTools): Source {
    const inner = plain(settings, tools)
    const key = decryptionKey(settings)
    return key === undefined ? inner : new ConvertedSource(inner, (document) => decrypted(document, key))
  },
}

function plain(settings: UpstreamSettings, { timers }: VendorTools): Source {
  const file = fileSource(settings, timers)
  if (file !== undefined) return file
  const { headers } = settings
  const [url, stream] = [addressOf(settings, ROUTE), addressOf(settings, STREAM)]
  if (url === undefined || stream === undefined) throw uncheckedSettings()
  const sent = headers === undefined ? {} : { headers }
  const poll = (): Source => new HttpPollSource({ request: { url, ...sent }, ...pollBounds(settings, timers, EVERY) })
  if (settings.stream === false) return poll()
  return new StreamedSource({
    stream: { request: { url: stream, ...sent }, heartbeat: HEARTBEAT, timers, ...transportBounds(settings) },
    feed: new GrowthBookFeed(),
    poll,
    pollWhen: 'always',
    timers,
  })
}

function decrypted(document: UpstreamDocument, key: Buffer): UpstreamDocument {
  try {
    return { ...document, bytes: decryptPayload(document.bytes, key) }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : 'the document cannot be decrypted'
    throw new UpstreamError('body', message, { cause })
  }
}

/** The address of the payload or its stream; undefined when the settings do not make one. */
function addressOf({ url, secret }: UpstreamSettings, route: string): string | undefined {
  const base = url === undefined ? undefined : baseOf(url)
  if (base === undefined) return undefined
  const key = base.key ?? secret
  return key === undefined ? undefined : `${base.address}${route}${encodeURIComponent(key)}`
}

/** The server's address, and the client key when the url already leads to its payload. */
function baseOf(url: string): { readonly address: string; readonly key: string | undefined } | undefined {
  const parsed = baseAddress(url)
  if (parsed === undefined) return undefined
  const [, path = '', key] = /^(.*?)(?:\/api\/features(?:\/([^/]+))?)?\/*$/.exec(parsed.pathname) ?? []
  return { address: `${parsed.origin}${path}`, key: key === undefined ? undefined : decodeURIComponent(key) }
}

function checkOrigin(settings: UpstreamSettings): SettingsProblem[] {
  const { url, secret } = settings
  const missing = 'give the url of the API server, such as https://cdn.growthbook.io, or a file'
  const origin = originProblem(settings, missing)
  if (origin !== undefined) return [origin]
  if (url === undefined) return []
  const base = baseOf(url)
  if (base === undefined) {
    const message =
      'must be the address of the API server or of a payload, such as https://cdn.growthbook.io or ' +
      'https://cdn.growthbook.io/api/features/sdk-… (http or https; without user, query and fragment)'
    return [{ path: 'url', message }]
  }
  const wrong = keyProblem(base.key, secret)
  return wrong === undefined ? [] : [{ path: 'secret', message: wrong }]
}

/** Never quotes the secret. */
function keyProblem(inUrl: string | undefined, secret: string | undefined): string | undefined {
  const key = secret ?? inUrl
  if (key === undefined) return 'give the client key of the SDK connection, which begins with sdk-'
  if (inUrl !== undefined && secret !== undefined && inUrl !== secret) return 'is not the client key that is in the url'
  if (key !== key.trim()) return 'has white space around it'
  if (/^(?:secret|key|key_prod|user)_/.test(key)) {
    return 'is a key of the API; give the client key of an SDK connection, which begins with sdk-'
  }
  return undefined
}

function checkOptions(settings: UpstreamSettings): SettingsProblem[] {
  const problems = optionsProblems(settings, readOptions)
  if (settings.options?.['decryptionKey'] !== undefined && decryptionKey(settings) === undefined) {
    problems.push({ path: 'options.decryptionKey', message: 'must be the connection’s key: 16 bytes in base64' })
  }
  return problems
}

function decryptionKey({ options = {} }: UpstreamSettings): Buffer | undefined {
  const key = Object.hasOwn(options, 'decryptionKey') ? options['decryptionKey'] : undefined
  return typeof key === 'string' ? readKey(key) : undefined
}
