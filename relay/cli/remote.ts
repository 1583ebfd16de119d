/** The same questions to a running relay, over OFREP. */
import type { Context, Evaluation } from '@halyard/engine'
import { Failure, UsageError } from './command.ts'
import type { Given, Option } from './command.ts'
import { refused } from './questions.ts'

export const remoteOptions: Readonly<Record<string, Option>> = {
  url: { type: 'string', short: 'u', value: 'URL', help: 'Ask a running relay instead of a file.' },
  key: {
    type: 'string',
    short: 'k',
    value: 'KEY',
    help: 'Its key. Better in $HALYARD_KEY, which no process list shows.',
  },
  environment: { type: 'string', short: 'e', value: 'NAME', help: 'Its environment, where no key tells.' },
}

export interface Relay {
  readonly url: string
  readonly key: string | undefined
  readonly environment: string | undefined
}

/** The relay that was named, if any. Throws UsageError. */
export function readRelay(given: Given, variables: Readonly<Record<string, string | undefined>>): Relay | undefined {
  const url = given.text('url')
  if (url === undefined) return undefined
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new UsageError('--url must be an http or https URL')
  const key = given.text('key') ?? variables['HALYARD_KEY']
  return { url: url.replace(/\/+$/, ''), key: key === '' ? undefined : key, environment: given.text('environment') }
}

/** One flag, or all. Throws Failure when the relay does not answer or refuses. */
export async function ask(relay: Relay, key: string | undefined, context: Context): Promise<readonly Evaluation[]> {
  const path = key === undefined ? '' : `/${encodeURIComponent(key)}`
  const headers: Record<string, string> = { 'Content-Type': 'application/json' }
  if (relay.key !== undefined) headers['Authorization'] = `Bearer ${relay.key}`
  if (relay.environment !== undefined) headers['X-Halyard-Environment'] = relay.environment
  let status: number
  let body: unknown
  try {
    const response = await fetch(`${relay.url}/ofrep/v1/evaluate/flags${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ context }),
      signal: AbortSignal.timeout(10_000),
    })
    status = response.status
    body = await response.json()
  } catch (error) {
    throw new Failure(`${relay.url} does not answer: ${reasonOf(error)}`)
  }
  if (key !== undefined && isEvaluation(body)) return [body]
  if (status !== 200) throw refused(status, body)
  const flags: unknown = typeof body === 'object' && body !== null && 'flags' in body ? body.flags : undefined
  if (Array.isArray(flags)) return flags.filter(isEvaluation)
  throw new Failure(`${relay.url} does not speak OFREP`)
}

/** Why a request failed, in the words of the layer that knows. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  const { cause } = error
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message
  return error.message
}

function isEvaluation(value: unknown): value is Evaluation {
  return typeof value === 'object' && value !== null && 'key' in value && ('reason' in value || 'errorCode' in value)
}
