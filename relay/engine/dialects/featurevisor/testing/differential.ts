/** Our answers against those of the vendor's SDK, over random datafiles, for both semantics. */
import type { Evaluation } from '../../../outcome.ts'
import type { Answer, Differential } from '../../../testing/differential.ts'
import { featurevisor } from '../lower.ts'
import { recordOf } from './compile.ts'
import { scenarios } from './grammar.ts'
import { exceptions } from './oracle-exceptions.ts'
import { ask } from './oracle.ts'

export const differential: Differential = {
  vendor: 'featurevisor',
  dialect: featurevisor,
  scenarios,
  oracle: ask,
  comparable,
  exceptions,
}

/** 2.0.0 does not tell the index of an override. */
function comparable(evaluation: Evaluation): Answer {
  const { variableOverrideIndex: _index, ...record } = recordOf(evaluation)
  return { ...record }
}
