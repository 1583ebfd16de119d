/**
 * Featurevisor has no server: its project builds datafiles, and they lie on a CDN, in a bucket or on disk. So this is
 * plain HTTP caching, or a watched file; whoever protects the files says so in the headers, as the vendor knows no keys.
 */
import { readOptions } from '../../engine/dialects/featurevisor/options.ts'
import { FileSource } from '../../upstream/file.ts'
import { HttpPollSource } from '../../upstream/http-poll.ts'
import type { Source } from '../../upstream/source.ts'
import type { SettingsProblem, UpstreamSettings, Vendor, VendorTools } from '../vendor.ts'

/** A datafile is a static file that answers 304 when nothing was deployed, so looking often is cheap. Milliseconds. */
const EVERY = 30_000

export const featurevisor: Vendor = {
  name: 'featurevisor',
  dialect: 'featurevisor',
  check: (settings) => [...checkOrigin(settings), ...checkOptions(settings)],
  connect(settings, { timers }: VendorTools): Source {
    const { url, file, everyMs, headers, allowRedirectHosts, maxBytes } = settings
    const bounds = { timers, ...(maxBytes === undefined ? {} : { maxBytes }) }
    if (file !== undefined) {
      return new FileSource({ path: file, ...bounds, ...(everyMs === undefined ? {} : { every: everyMs }) })
    }
    if (url === undefined) throw new Error('connect needs settings that check finds no fault in')
    return new HttpPollSource({
      request: { url, ...(headers === undefined ? {} : { headers }) },
      every: everyMs ?? EVERY,
      ...(allowRedirectHosts === undefined ? {} : { allowRedirectHosts }),
      ...bounds,
    })
  },
}

function checkOrigin({ url, file, secret }: UpstreamSettings): SettingsProblem[] {
  const problems: SettingsProblem[] = []
  if (url === undefined && file === undefined) {
    problems.push({ path: 'url', message: 'give the url of a datafile, or a file' })
  }
  if (url !== undefined && file !== undefined) {
    problems.push({ path: 'url', message: 'give either url or file, not both' })
  }
  if (url !== undefined && !isWebAddress(url)) {
    const message =
      'must be the http or https address of one datafile, such as ' +
      'https://cdn.example.com/production/featurevisor-web.json'
    problems.push({ path: 'url', message })
  }
  if (secret !== undefined) {
    const message = 'Featurevisor has no secrets; give what your CDN or bucket asks for as headers'
    problems.push({ path: 'secret', message })
  }
  return problems
}

function isWebAddress(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && /^https?:$/.test(parsed.protocol)
}

function checkOptions({ options = {} }: UpstreamSettings): SettingsProblem[] {
  try {
    readOptions(options)
    return []
  } catch (error) {
    return [{ path: 'options', message: error instanceof Error ? error.message : String(error) }]
  }
}
