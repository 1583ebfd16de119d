/**
 * The member `eventStreams` of bulk answers. Its URL is the same for the same key and base path, since clients connect
 * anew when it changes; it is built from configuration and from the path, never from the Host header, which anybody can
 * set.
 */
import { eventsToken } from '../credentials.ts'
import type { HttpRequest } from '../http-message.ts'
import type { StreamSettings } from '../stream/settings.ts'
import { targets } from '../target.ts'
import type { Caller } from '../tenants.ts'
import { EVENTS_PATH } from './route.ts'

export interface AdvertiseParts {
  readonly eventStreams: StreamSettings['eventStreams']
  /** Where clients reach the relay, without a slash at its end. */
  readonly publicUrl: string | undefined
  /** The prefix under which everything is served too; empty or with a leading slash. */
  readonly prefix: string
}

/** JSON text of the member, with a comma in front; empty for those who should not get it. */
export function eventStreamsOf(request: HttpRequest, caller: Caller, parts: AdvertiseParts): string {
  const { publicUrl } = parts
  if (!isWanted(request, parts.eventStreams)) return ''
  const { prefix, environment } = placeOf(request, parts.prefix)
  const named = environment ?? (caller.grant === undefined ? request.header('x-halyard-environment') : undefined)
  const token = caller.grant === undefined ? '' : `?token=${eventsToken(caller.grant)}`
  const path = `${named === undefined ? '' : `/environments/${encodeURIComponent(named)}`}${EVENTS_PATH}${token}`
  const where = publicUrl === undefined ? { endpoint: { requestUri: prefix + path } } : { url: publicUrl + path }
  return `,"eventStreams":${JSON.stringify([{ type: 'sse', ...where }])}`
}

/** Browsers can hold a stream open; some other clients fail on a member that they do not know. */
function isWanted(request: HttpRequest, setting: StreamSettings['eventStreams']): boolean {
  if (setting !== 'auto') return setting === 'always'
  const agent = request.header('user-agent') ?? ''
  if (agent.includes('ktor-client')) return false
  return request.header('origin') !== undefined || agent.startsWith('Mozilla/')
}

/** Under which prefix and environment a path was asked for. */
function placeOf({ path }: HttpRequest, prefix: string): { prefix: string; environment: string | undefined } {
  const isPrefixed = prefix !== '' && path.replace(/^\/+/, '/').startsWith(`${prefix}/`)
  const environment = targets(path, prefix).findLast((target) => target.environment !== undefined)?.environment
  return { prefix: isPrefixed ? prefix : '', environment }
}
