/**
 * Featurevisor has no server: its project builds datafiles, and they lie on a CDN, in a bucket or on disk. So this is
 * plain HTTP caching, or a watched file; whoever protects the files says so in the headers, as the vendor knows no keys.
 */
import { readOptions } from '../../engine/dialects/featurevisor/options.ts'
import { HttpPollSource } from '../../upstream/http-poll.ts'
import type { Source } from '../../upstream/source.ts'
import { optionsProblems, originProblem, uncheckedSettings, webAddress } from '../settings.ts'
import { fileSource, pollBounds } from '../transport.ts'
import type { SettingsProblem, UpstreamSettings, Vendor, VendorTools } from '../vendor.ts'

/** A datafile is a static file that answers 304 when nothing was deployed, so looking often is cheap. Milliseconds. */
const EVERY = 30_000

export const featurevisor: Vendor = {
  name: 'featurevisor',
  dialect: 'featurevisor',
  check: (settings) => [...checkOrigin(settings), ...optionsProblems(settings, readOptions)],
  connect(settings, { timers }: VendorTools): Source {
    const file = fileSource(settings, timers)
    if (file !== undefined) return file
    const { url, headers } = settings
    if (url === undefined) throw uncheckedSettings()
    return new HttpPollSource({
      request: { url, ...(headers === undefined ? {} : { headers }) },
      ...pollBounds(settings, timers, EVERY),
    })
  },
}

function checkOrigin(settings: UpstreamSettings): SettingsProblem[] {
  const { url, secret } = settings
  const origin = originProblem(settings, 'give the url of a datafile, or a file')
  const problems = origin === undefined ? [] : [origin]
  if (url !== undefined && webAddress(url) === undefined) {
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
