/** How operators' commands reach a running relay: its management listener, with an admin key where one is configured. */
import { Failure, UsageError } from './command.ts'
import type { Given, Option } from './command.ts'
import { reasonOf } from './remote.ts'
import type { Terminal } from './terminal.ts'

export const operatorOptions: Readonly<Record<string, Option>> = {
  url: { type: 'string', short: 'u', value: 'URL', help: 'The management listener. Default http://127.0.0.1:8081.' },
  key: {
    type: 'string',
    short: 'k',
    value: 'KEY',
    help: 'An admin key of the environment. Better in $HALYARD_KEY, which no process list shows.',
  },
}

export const operatorDetails: string =
  'Any replica will do: the others follow. Without a configured admin key, only callers on the relay’s machine may.'

/** The one argument. Throws UsageError. */
export function environmentOf(given: Given): string {
  const [environment, ...more] = given.positionals
  if (environment === undefined || environment === '') throw new UsageError('which environment?')
  if (more.length > 0) throw new UsageError(`one environment at a time, not also ${more.join(', ')}`)
  return environment
}

/** What the relay answers. Throws Failure with the relay's own words when it refuses. */
export async function operate(
  given: Given,
  { variables }: Terminal,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<ReadonlyMap<string, unknown>> {
  const { HALYARD_LISTEN_MANAGEMENT_PORT: port = '8081', HALYARD_KEY } = variables
  const base = given.text('url') ?? `http://127.0.0.1:${port}`
  if (!/^https?:\/\//.test(base) || !URL.canParse(base)) throw new UsageError('--url must be an http or https URL')
  const key = given.text('key') ?? HALYARD_KEY
  const headers = new Headers({ 'Content-Type': 'application/json' })
  if (key !== undefined && key !== '') headers.set('Authorization', `Bearer ${key}`)
  let status: number
  let answer: unknown
  try {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const signal = AbortSignal.timeout(30_000)
    const url = `${base.replace(/\/+$/, '')}/${path}`
    const response = await fetch(url, { method, headers, signal, ...sent })
    status = response.status
    answer = await response.json()
  } catch (error) {
    throw new Failure(`${base} does not answer: ${reasonOf(error)}`)
  }
  const fields = typeof answer === 'object' && answer !== null ? Object.entries(answer) : []
  const members = new Map<string, unknown>(fields)
  if (status === 200) return members
  const details = members.get('errorDetails')
  throw new Failure(typeof details === 'string' ? details : `${base} answers ${status}`)
}
