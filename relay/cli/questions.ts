/** What `evaluate` and `explain` are asked: a context, a moment, a type. */
import type { Context, Evaluation, ValueType } from '@halyard/engine'
import { Failure, UsageError } from './command.ts'
import type { Given, Option } from './command.ts'
import { readText } from './document.ts'
import type { Terminal } from './terminal.ts'

const TYPES: readonly ValueType[] = ['boolean', 'string', 'number', 'object']

export const questionOptions: Readonly<Record<string, Option>> = {
  context: { type: 'string', short: 'c', value: 'JSON|@FILE', help: 'The evaluation context. Default {}.' },
  now: { type: 'string', value: 'TIME', help: 'Evaluate as at this moment, such as 2027-01-31T09:00:00Z.' },
  json: { type: 'boolean', help: 'Print JSON.' },
}

/** Throws UsageError. */
export async function readContext(given: Given): Promise<Context> {
  const source = given.text('context') ?? '{}'
  const text = source.startsWith('@') ? await readText(source.slice(1)) : source
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`the context is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Context
  throw new UsageError('the context must be a JSON object such as {"targetingKey":"ada"}')
}

/** Milliseconds since the epoch. Throws UsageError. */
export function readNow(given: Given): number {
  const text = given.text('now')
  const moment = text === undefined ? Date.now() : Date.parse(text)
  if (Number.isNaN(moment))
    throw new UsageError(`--now is no moment: ${JSON.stringify(text)}; write 2027-01-31T09:00:00Z`)
  return moment
}

/** Throws UsageError. */
export function readType(given: Given): ValueType | undefined {
  const text = given.text('type')
  const type = TYPES.find((known) => known === text)
  if (text !== undefined && type === undefined) throw new UsageError(`--type is one of ${TYPES.join(', ')}`)
  return type
}

/** The one key after the file, or a usage error. */
export function readKey(positionals: readonly string[], after: number, what: string): string {
  const [key, extra] = positionals.slice(after)
  if (key === undefined) throw new UsageError(`${what} needs a KEY`)
  if (extra !== undefined) throw new UsageError(`${what} takes one KEY; ${JSON.stringify(extra)} is one too many`)
  return key
}

/** One evaluation as one line. */
export function line(evaluation: Evaluation, width: number, { paint }: Terminal): string {
  const { key, value, variant, reason, errorCode, errorDetails } = evaluation
  const name = paint('bold', key.padEnd(width))
  if (errorCode !== undefined)
    return `${name}  ${paint('red', errorCode)}${errorDetails === undefined ? '' : `: ${errorDetails}`}`
  const served =
    value === undefined ? paint('dim', 'the application’s own default') : paint('green', JSON.stringify(value))
  return `${name}  ${served}${variant === undefined || variant === '' ? '' : `  variant ${variant}`}  ${paint('dim', reason)}`
}

/** Throws the Failure that a non-2xx answer means. */
export function refused(status: number, body: unknown): Failure {
  const details =
    typeof body === 'object' && body !== null && 'errorDetails' in body && typeof body.errorDetails === 'string'
      ? `: ${body.errorDetails}`
      : ''
  return new Failure(`the relay answered ${status}${details}`)
}
