/**
 * Reads what a leader says of itself. It comes through Redis and from a replica that may run another version, so nothing
 * about its shape is taken for granted.
 */
import type { Report } from './peers.ts'
import type { Quarantine } from './status.ts'

const STATES = ['starting', 'live', 'retrying', 'stopped'] as const

/** Undefined when it is none. */
export function parseReport(text: string): Report | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  const report = fieldsOf(parsed)
  const source = fieldsOf(report?.get('source'))
  const state = STATES.find((each) => each === source?.get('state'))
  const failures = count(source?.get('consecutiveFailures'))
  if (report === undefined || state === undefined || failures === undefined) return undefined
  const sha256 = string(report.get('sha256'))
  const confirmedAgo = count(report.get('confirmedAgo'))
  const quarantine = quarantineOf(fieldsOf(report.get('quarantine')))
  const rejected = fieldsOf(report.get('rejected'))
  const [at, message] = [count(rejected?.get('at')), string(rejected?.get('message'))]
  return {
    source: { state, consecutiveFailures: failures },
    ...(sha256 === undefined ? undefined : { sha256 }),
    ...(confirmedAgo === undefined ? undefined : { confirmedAgo }),
    ...(quarantine === undefined ? undefined : { quarantine }),
    ...(at === undefined || message === undefined ? undefined : { rejected: { at, message } }),
  }
}

function quarantineOf(fields: ReadonlyMap<string, unknown> | undefined): Quarantine | undefined {
  const [sha256, reason] = [string(fields?.get('sha256')), string(fields?.get('reason'))]
  const [since, deliveries] = [count(fields?.get('since')), count(fields?.get('deliveries'))]
  if (sha256 === undefined || reason === undefined || since === undefined || deliveries === undefined) return undefined
  return { sha256, reason, since, deliveries }
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A number of anything, from 0 up. */
function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}
