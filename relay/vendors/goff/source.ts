/**
 * GO Feature Flag has no server of its own: flags lie in files, and relays read them. So either the file itself is
 * followed, on disk or over HTTP, or a running relay is asked for the flags it has loaded, as its in-process providers
 * ask; that also takes over every retriever that relay knows.
 */
import { readOptions } from '../../engine/dialects/goff/options.ts'
import { ConvertedSource } from '../../upstream/converted-source.ts'
import { HttpPollSource } from '../../upstream/http-poll.ts'
import type { HttpPollOptions } from '../../upstream/http-poll.ts'
import type { Source } from '../../upstream/source.ts'
import { optionsProblems, originProblem, uncheckedSettings, webAddress } from '../settings.ts'
import { fileSource, pollBounds } from '../transport.ts'
import type { SettingsProblem, UpstreamSettings, Vendor, VendorTools } from '../vendor.ts'
import { formatOf, toJson } from './formats.ts'
import type { Format } from './formats.ts'
import { readTransport } from './options.ts'

/** The vendor's polling interval, its shortest, and its timeout. Milliseconds. */
const EVERY = 60_000
const SHORTEST = 1_000
const DEADLINE = 10_000

const ACCEPT = 'application/json, application/yaml, application/toml, text/yaml, text/plain;q=0.5, */*;q=0.1'
const CONFIGURATION = '/v1/flag/configuration'

export const goff: Vendor = {
  name: 'goff',
  dialect: 'goff',
  ownOptions: ['endpoint', 'fileFormat'],
  check: (settings) => [...checkOrigin(settings), ...checkInterval(settings), ...checkOptions(settings)],
  connect(settings, { timers }: VendorTools): Source {
    const { url, file: path, options = {} } = settings
    const { fileFormat } = readTransport(options).transport
    const file = fileSource(settings, timers)
    if (file !== undefined && path !== undefined) return converted(file, () => fileFormat ?? formatOf(path))
    if (url === undefined) throw uncheckedSettings()
    const source = new HttpPollSource({
      request: requestOf(url, settings),
      deadline: DEADLINE,
      ...pollBounds(settings, timers, EVERY),
    })
    if (asksRelay(settings)) return source
    const { pathname } = new URL(url)
    return converted(source, (contentType) => fileFormat ?? formatOf(pathname, contentType))
  },
}

/** Flags are written in YAML unless something says otherwise. */
function converted(source: Source, format: (contentType?: string) => Format | undefined): Source {
  return new ConvertedSource(source, (document) => {
    const bytes = toJson(document.bytes, format(document.contentType) ?? 'yaml')
    return { ...document, bytes, contentType: 'application/json' }
  })
}

function asksRelay({ options = {} }: UpstreamSettings): boolean {
  return readTransport(options).transport.endpoint === 'flag-configuration'
}

function requestOf(url: string, settings: UpstreamSettings): HttpPollOptions['request'] {
  const { headers, secret } = settings
  if (asksRelay(settings)) {
    return {
      url: `${url.replace(/\/+$/, '')}${CONFIGURATION}`,
      method: 'POST',
      // No names: all flags.
      body: '{"flags":[]}',
      headers: {
        ...headers,
        'content-type': 'application/json',
        ...(secret === undefined ? {} : { 'x-api-key': secret }),
      },
    }
  }
  const authorization = secret === undefined || /^\S+ \S/.test(secret) ? secret : `Bearer ${secret}`
  return { url, accept: ACCEPT, headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) } }
}

function checkOrigin(settings: UpstreamSettings): SettingsProblem[] {
  const { url, file, secret, headers = {} } = settings
  const origin = originProblem(settings, 'give the url of a flag file or of a GO Feature Flag relay, or a file')
  if (origin !== undefined) return [origin]
  const relay = asksRelay(settings)
  if (file !== undefined) {
    if (relay) return [{ path: 'options.endpoint', message: 'flag-configuration needs the url of a relay, not a file' }]
    if (formatOf(file) !== undefined || readTransport(settings.options ?? {}).transport.fileFormat !== undefined)
      return []
    const message = 'must end in .json, .yaml, .yml or .toml, or give options.fileFormat'
    return [{ path: 'file', message }]
  }
  const problems: SettingsProblem[] = []
  const parsed = webAddress(url ?? '')
  if (parsed === undefined) {
    const example = relay
      ? 'a relay, such as https://goff.example.com'
      : 'a flag file, such as https://x.example/flags.yaml'
    problems.push({ path: 'url', message: `must be the http or https address of ${example}` })
  } else if (relay && (parsed.search !== '' || parsed.hash !== '' || parsed.pathname.endsWith(CONFIGURATION))) {
    const message = `must be the base address of the relay, without query and without ${CONFIGURATION}`
    problems.push({ path: 'url', message })
  }
  if (secret !== undefined && secret !== secret.trim()) {
    problems.push({ path: 'secret', message: 'has white space around it' })
  }
  const credential = relay ? 'x-api-key' : 'authorization'
  if (secret !== undefined && Object.keys(headers).some((name) => name.toLowerCase() === credential)) {
    problems.push({ path: 'headers', message: `give either the secret or the header ${credential}, not both` })
  }
  return problems
}

function checkInterval({ everyMs }: UpstreamSettings): SettingsProblem[] {
  return everyMs === undefined || everyMs >= SHORTEST ? [] : [{ path: 'every', message: 'must be at least 1 second' }]
}

function checkOptions(settings: UpstreamSettings): SettingsProblem[] {
  return [...readTransport(settings.options ?? {}).problems, ...optionsProblems(settings, readOptions)]
}
