/** Unleash against its npm SDK 6.12.1: random documents (grammar.ts), asked of both (oracle.ts). */
import type { Evaluation } from '../../../outcome.ts'
import type { Answer, Differential, Question } from '../../../testing/differential.ts'
import { unleash } from '../lower.ts'
import { scenarios } from './grammar.ts'
import { exceptions } from './oracle-exceptions.ts'
import { oracle } from './oracle.ts'

function comparable({ value, variant, reason, errorCode }: Evaluation, { type }: Question): Answer {
  if (errorCode === 'FLAG_NOT_FOUND') return { unknown: true }
  if (errorCode !== undefined) return { errorCode }
  return type === undefined || type === 'boolean' ? { value, variant } : { reason, variant, value }
}

export const differential: Differential = {
  vendor: 'unleash',
  dialect: unleash,
  scenarios,
  oracle,
  comparable,
  exceptions,
}
