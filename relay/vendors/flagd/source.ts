/**
 * flagd's documents, from a file or polled over HTTP, as JSON or YAML. There is no flagd server to ask: the same files
 * that feed a daemon feed the relay, so both can run side by side on one source.
 */
import { readOptions } from '../../engine/dialects/flagd/options.ts'
import { ConvertedSource } from '../../upstream/converted-source.ts'
import { HttpPollSource } from '../../upstream/http-poll.ts'
import type { Source } from '../../upstream/source.ts'
import { optionsProblems, originProblem, uncheckedSettings, webAddress } from '../settings.ts'
import { fileSource, pollBounds } from '../transport.ts'
import type { SettingsProblem, UpstreamSettings, Vendor, VendorTools } from '../vendor.ts'
import { toJson } from './yaml.ts'

/** The daemon's default. Milliseconds. */
const EVERY = 5_000
/** The daemon's longest interval. Milliseconds. */
const LONGEST = 86_400_000

const ACCEPT = 'application/json, application/yaml, application/x-yaml, text/yaml'

export const flagd: Vendor = {
  name: 'flagd',
  dialect: 'flagd',
  check: (settings) => [
    ...checkOrigin(settings),
    ...checkInterval(settings),
    ...optionsProblems(settings, readOptions),
  ],
  connect(settings, { timers }: VendorTools): Source {
    const { url, file: path = '', secret, headers } = settings
    const file = fileSource(settings, timers)
    if (file !== undefined) return new ConvertedSource(file, (document) => toJson(document, path))
    if (url === undefined) throw uncheckedSettings()
    const request = {
      url,
      accept: ACCEPT,
      headers: { ...headers, ...(secret === undefined ? {} : { authorization: authorization(secret) }) },
    }
    const source = new HttpPollSource({ request, ...pollBounds(settings, timers, EVERY) })
    const { pathname } = new URL(url)
    return new ConvertedSource(source, (document) => toJson(document, pathname))
  },
}

/** A secret that names its scheme is the whole header, as the daemon's `authHeader` is; any other is a bearer token. */
function authorization(secret: string): string {
  return /^\S+ \S/.test(secret) ? secret : `Bearer ${secret}`
}

function checkOrigin(settings: UpstreamSettings): SettingsProblem[] {
  const { url, file, secret, headers = {} } = settings
  const origin = originProblem(settings, 'give the url of a flagd document, or a file (.json, .yaml or .yml)')
  if (origin !== undefined) return [origin]
  if (file !== undefined) {
    const known = /\.(?:json|ya?ml)$/i.test(file)
    return known ? [] : [{ path: 'file', message: 'must end in .json, .yaml or .yml, which tells the format' }]
  }
  const problems: SettingsProblem[] = []
  if (webAddress(url ?? '') === undefined) {
    const message =
      'must be the http or https address of a flagd document, such as https://flags.example.com/shop.yaml ' +
      '(a grpc, blob or Kubernetes source needs a daemon that exports the document)'
    problems.push({ path: 'url', message })
  }
  if (secret !== undefined && secret !== secret.trim()) {
    problems.push({ path: 'secret', message: 'has white space around it' })
  }
  if (secret !== undefined && Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) {
    problems.push({ path: 'headers', message: 'give the authorization either as secret or as header, not both' })
  }
  return problems
}

function checkInterval({ everyMs }: UpstreamSettings): SettingsProblem[] {
  return everyMs === undefined || everyMs <= LONGEST ? [] : [{ path: 'every', message: 'must be at most 24 hours' }]
}
