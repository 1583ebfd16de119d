/**
 * GO Feature Flag has no engine on npm to ask, so the oracle is the plain reading in reference.ts. What holds both to the
 * vendor are the recorded answers of vectors.json.
 */
import { own } from '../../../context.ts'
import type { Evaluation } from '../../../outcome.ts'
import type { Answer, Differential } from '../../../testing/differential.ts'
import { goff } from '../lower.ts'
import { scenarios } from './grammar.ts'
import { evaluateByTheBook } from './reference.ts'

export const differential: Differential = {
  vendor: 'goff',
  dialect: goff,
  scenarios,
  oracle: ({ document, now, questions }) =>
    questions.map(({ key, context }): Answer => {
      const flag = own(document, key) as Record<string, unknown>
      return { ...evaluateByTheBook(key, flag, context, now) }
    }),
  comparable: ({ value, variant, reason, errorCode }: Evaluation): Answer => ({ value, variant, reason, errorCode }),
  exceptions: [],
}
