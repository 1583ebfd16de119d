/**
 * flagd's documents, from a file or polled over HTTP, as JSON or YAML. There is no flagd server to ask: the same files
 * that feed a daemon feed the relay, so both can run side by side on one source.
 */
import { readOptions } from '../../engine/dialects/flagd/options.ts'
import { FileSource } from '../../upstream/file.ts'
import { HttpPollSource } from '../../upstream/http-poll.ts'
import type { Source } from '../../upstream/source.ts'
import type { SettingsProblem, UpstreamSettings, Vendor, VendorTools } from '../vendor.ts'
import { JsonSource } from './yaml.ts'

/** The daemon's default. Milliseconds. */
const EVERY = 5_000
/** The daemon's longest interval. Milliseconds. */
const LONGEST = 86_400_000

const ACCEPT = 'application/json, application/yaml, application/x-yaml, text/yaml'

export const flagd: Vendor = {
  name: 'flagd',
  dialect: 'flagd',
  check: (settings) => [...checkOrigin(settings), ...checkInterval(settings), ...checkOptions(settings)],
  connect(settings, { timers }: VendorTools): Source {
    const { url, file, secret, everyMs, headers, allowRedirectHosts, maxBytes } = settings
    const bounds = { timers, ...(maxBytes === undefined ? {} : { maxBytes }) }
    if (file !== undefined) {
      const every = everyMs === undefined ? {} : { every: everyMs }
      return new JsonSource(new FileSource({ path: file, ...bounds, ...every }), file)
    }
    if (url === undefined) throw new Error('connect needs settings that check finds no fault in')
    const source = new HttpPollSource({
      request: {
        url,
        accept: ACCEPT,
        headers: { ...headers, ...(secret === undefined ? {} : { authorization: authorization(secret) }) },
      },
      every: everyMs ?? EVERY,
      ...(allowRedirectHosts === undefined ? {} : { allowRedirectHosts }),
      ...bounds,
    })
    return new JsonSource(source, new URL(url).pathname)
  },
}

/** A secret that names its scheme is the whole header, as the daemon's `authHeader` is; any other is a bearer token. */
function authorization(secret: string): string {
  return /^\S+ \S/.test(secret) ? secret : `Bearer ${secret}`
}

function checkOrigin({ url, file, secret, headers = {} }: UpstreamSettings): SettingsProblem[] {
  if (url === undefined && file === undefined) {
    return [{ path: 'url', message: 'give the url of a flagd document, or a file (.json, .yaml or .yml)' }]
  }
  if (url !== undefined && file !== undefined) return [{ path: 'url', message: 'give either url or file, not both' }]
  if (file !== undefined) {
    const known = /\.(?:json|ya?ml)$/i.test(file)
    return known ? [] : [{ path: 'file', message: 'must end in .json, .yaml or .yml, which tells the format' }]
  }
  const problems: SettingsProblem[] = []
  const parsed = URL.parse(url ?? '')
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
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

function checkOptions({ options = {} }: UpstreamSettings): SettingsProblem[] {
  try {
    readOptions(options)
    return []
  } catch (error) {
    return [{ path: 'options', message: error instanceof Error ? error.message : String(error) }]
  }
}
