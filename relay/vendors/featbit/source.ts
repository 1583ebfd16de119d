/**
 * FeatBit's evaluation server, asked over HTTP for the whole environment again and again. Two of its habits need care:
 * an empty body means "nothing newer" and not "no flags", and a request with an ETag loses its credential on the way
 * back through the vendor's own clients, so validators are never sent and the relay compares bytes instead.
 */
import { readOptions } from '../../engine/dialects/featbit/profile.ts'
import { FileSource } from '../../upstream/file.ts'
import { HttpPollSource } from '../../upstream/http-poll.ts'
import type { Source } from '../../upstream/source.ts'
import type { SettingsProblem, UpstreamSettings, Vendor, VendorTools } from '../vendor.ts'

/** Everything since the beginning: the answer is then always the whole document, never a patch. */
const LATEST_ALL = '/api/public/sdk/server/latest-all?timestamp=0'

/** Two identifiers of 16 bytes in 22 characters each. */
const SECRET = /^[\w-]{44}$/

export const featbit: Vendor = {
  name: 'featbit',
  dialect: 'featbit',
  check: (settings) => [...checkOrigin(settings), ...checkOptions(settings)],
  connect(settings, { timers }: VendorTools): Source {
    const { url, file, secret, everyMs, headers, allowRedirectHosts, maxBytes } = settings
    const bounds = { timers, ...(maxBytes === undefined ? {} : { maxBytes }) }
    if (file !== undefined) {
      return new FileSource({ path: file, ...bounds, ...(everyMs === undefined ? {} : { every: everyMs }) })
    }
    const base = url === undefined ? undefined : baseOf(url)
    if (base === undefined || secret === undefined)
      throw new Error('connect needs settings that check finds no fault in')
    return new HttpPollSource({
      request: {
        url: `${base}${LATEST_ALL}`,
        headers: { ...headers, authorization: secret },
        validators: false,
        empty: 'unchanged',
      },
      every: everyMs ?? 30_000,
      ...(allowRedirectHosts === undefined ? {} : { allowRedirectHosts }),
      ...bounds,
    })
  },
}

function checkOrigin({ url, file, secret }: UpstreamSettings): SettingsProblem[] {
  if (url === undefined && file === undefined) {
    return [{ path: 'url', message: 'give the url of the evaluation server, or a file' }]
  }
  if (url !== undefined && file !== undefined) return [{ path: 'url', message: 'give either url or file, not both' }]
  if (url === undefined) return []
  const problems: SettingsProblem[] = []
  if (baseOf(url) === undefined) {
    const message =
      'must be the base address of the evaluation server, such as https://featbit-eval.example.com ' +
      '(http, https, ws or wss; without user, query and fragment)'
    problems.push({ path: 'url', message })
  }
  const wrong = secretProblem(secret)
  if (wrong !== undefined) problems.push({ path: 'secret', message: wrong })
  return problems
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
  const parsed = URL.parse(url.replace(/^ws(s?:)/i, 'http$1'))
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return undefined
  if (`${parsed.username}${parsed.password}${parsed.search}${parsed.hash}` !== '') return undefined
  return `${parsed.origin}${parsed.pathname.replace(/(?:\/streaming)?\/*$/, '')}`
}

function checkOptions({ options = {} }: UpstreamSettings): SettingsProblem[] {
  try {
    readOptions(options)
    return []
  } catch (error) {
    return [{ path: 'options', message: error instanceof Error ? error.message : String(error) }]
  }
}
