/**
 * flagd's documents: from a file or polled over HTTP, as JSON or YAML, the same that feed a daemon; or from a daemon's
 * sync service by gRPC, for sources that only a daemon can read.
 *
 * Options beside those of the dialect, for gRPC: `selector`, which flags to ask for; `providerId`, as whom.
 */
import { readOptions } from '../../engine/dialects/flagd/options.ts'
import { ConvertedSource } from '../../upstream/converted-source.ts'
import { HttpPollSource } from '../../upstream/http-poll.ts'
import type { Source } from '../../upstream/source.ts'
import { dialectOptions, optionsProblems, originProblem, uncheckedSettings, webAddress } from '../settings.ts'
import { fileSource, pollBounds } from '../transport.ts'
import type { SettingsProblem, UpstreamSettings, Vendor, VendorTools } from '../vendor.ts'
import { toJson } from './yaml.ts'
import { SYNC_OPTIONS, syncAddress, syncSource } from './stream.ts'

/** The daemon's default. Milliseconds. */
const EVERY = 5_000
/** The daemon's longest interval. Milliseconds. */
const LONGEST = 86_400_000

const ACCEPT = 'application/json, application/yaml, application/x-yaml, text/yaml'

export const flagd: Vendor = {
  name: 'flagd',
  dialect: 'flagd',
  ownOptions: SYNC_OPTIONS,
  check: (settings) => [...checkOrigin(settings), ...checkInterval(settings), ...checkOptions(settings)],
  connect(settings, tools: VendorTools): Source {
    const { timers } = tools
    const { url, file: path = '', secret, headers } = settings
    const file = fileSource(settings, timers)
    if (file !== undefined) return new ConvertedSource(file, (document) => toJson(document, path))
    if (url === undefined) throw uncheckedSettings()
    const sent = { ...headers, ...(secret === undefined ? {} : { authorization: authorization(secret) }) }
    const sync = syncAddress(url)
    if (sync !== undefined) return syncSource(sync, sent, { ...tools, settings, every: settings.everyMs ?? EVERY })
    const request = { url, accept: ACCEPT, headers: sent }
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
  if (webAddress(url ?? '') === undefined && syncAddress(url ?? '') === undefined) {
    const message =
      'must be the http or https address of a flagd document, such as https://flags.example.com/shop.yaml, or a ' +
      'sync service such as grpc://flagd.example.com:8015 or grpcs://… (a blob or Kubernetes source needs a daemon)'
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

function checkOptions(settings: UpstreamSettings): SettingsProblem[] {
  const { options = {}, url = '' } = settings
  const problems = optionsProblems({ ...settings, options: dialectOptions(flagd, settings) }, readOptions)
  for (const name of SYNC_OPTIONS) {
    const value = Object.hasOwn(options, name) ? options[name] : undefined
    if (value === undefined) continue
    if (syncAddress(url) === undefined)
      problems.push({ path: `options.${name}`, message: 'is for grpc addresses only' })
    else if (typeof value !== 'string' || !/^[\x20-\x7e]+$/.test(value)) {
      problems.push({ path: `options.${name}`, message: 'must be printable ASCII text' })
    }
  }
  return problems
}

function checkInterval({ everyMs }: UpstreamSettings): SettingsProblem[] {
  return everyMs === undefined || everyMs <= LONGEST ? [] : [{ path: 'every', message: 'must be at most 24 hours' }]
}
