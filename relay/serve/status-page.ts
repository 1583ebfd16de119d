/** The status as a page for people: no script, nothing loaded from elsewhere, every text escaped. */
import type { RelayStatus } from './status.ts'
import type { StreamStatus } from './stream-status.ts'

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:70rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .8rem;border-bottom:1px solid #ddd;vertical-align:top}
.ready{color:#176f2c}.stale{color:#a15c00}.starting{color:#b00020}code{font-size:13px}`

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
])

export function statusPage(status: RelayStatus): string {
  const rows = status.environments.map(row).join('\n')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Halyard status</title><style>${STYLE}</style></head>
<body><h1>Halyard${status.draining ? ' (draining)' : ''}</h1>
<p>Up ${status.uptimeSeconds} s, Node ${escape(status.node)}, ${escape(status.now)}</p>
<table><thead><tr><th>Environment</th><th>State</th><th>Flags</th><th>Version</th><th>Confirmed</th><th>Upstream</th><th>Streams</th><th>Keys</th></tr></thead>
<tbody>
${rows}
</tbody></table></body></html>
`
}

function row(environment: RelayStatus['environments'][number]): string {
  const { name, vendor, dialect, state, flags, quarantinedFlags, source, quarantine, rejected } = environment
  const version = environment.version === undefined ? '-' : `${environment.epoch}.${environment.version}`
  const upstream = [
    source.state,
    ...(source.lastError === undefined ? [] : [source.lastError.message]),
    ...(quarantine === undefined ? [] : [`document held back: ${quarantine.reason}`]),
    ...(rejected === undefined ? [] : [`document rejected: ${rejected.message}`]),
  ]
  const keys = environment.keys.map(({ id, scope, expiresAt }) => {
    return `<code>${escape(id)}</code> ${scope}${expiresAt === undefined ? '' : ` until ${escape(expiresAt)}`}`
  })
  const cells = [
    `${escape(name)}<br><small>${escape(`${vendor} / ${dialect}`)}</small>`,
    `<span class="${state}">${state}</span><br><small>${escape(roleOf(environment))}</small>`,
    `${flags}${quarantinedFlags > 0 ? ` (${quarantinedFlags} unusable)` : ''}`,
    `${version}${environment.pinnedAgainst === undefined ? '' : ' (rolled back)'}<br><small><code>${escape(environment.revision ?? '')}</code></small>`,
    moment(environment.confirmedAt),
    upstream.map(escape).join('<br>'),
    streamsOf(environment.streams).map(escape).join('<br>'),
    keys.join('<br>'),
  ]
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
}

/** Which part this replica plays, where several share a Redis. */
function roleOf({ replication }: RelayStatus['environments'][number]): string {
  if (replication === undefined) return ''
  const { role, leader, redis } = replication
  if (role === 'follower') return `follows ${leader ?? 'nobody yet'}`
  return role === 'leader' ? 'leads' : `alone, Redis ${redis}`
}

function streamsOf({ open, droppedSlow, refused, propagationMs }: StreamStatus): string[] {
  const kinds = Object.entries(open).map(([kind, count]) => {
    const ms = propagationMs[kind]
    return `${count} ${kind}${ms === undefined ? '' : `, told within ${ms} ms`}`
  })
  return [
    ...kinds,
    ...(droppedSlow > 0 ? [`${droppedSlow} cut, they did not read`] : []),
    ...(refused > 0 ? [`${refused} refused`] : []),
  ]
}

function moment(at: number | undefined): string {
  return at === undefined ? '-' : new Date(at).toISOString()
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES.get(character) ?? character)
}
