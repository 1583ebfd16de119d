/**
 * Flagsmith's two documents: the environment document that its API serves, and the evaluation context that its engines
 * take as input. Both are read into one model; what only one of them has stays in environment.ts and input.ts. A wrong
 * shape costs only the feature or segment it is in.
 */
import { own } from '../../context.ts'
import type { Tools } from '../../dialect.ts'
import { DocumentError, FlagError } from '../../problem.ts'
import { readEnvironment } from './environment.ts'
import { readInput } from './input.ts'
import type { FlagsmithDocument } from './model.ts'
import { isObject } from './shape.ts'

/** Throws DocumentError when it is neither of the two documents. */
export function readDocument(json: unknown, tools: Tools): FlagsmithDocument {
  try {
    if (Array.isArray(json) || own(json, 'feature_states') !== undefined) return readEnvironment(json, tools)
    if (isObject(own(json, 'features'))) return readInput(json, tools)
  } catch (error) {
    if (error instanceof FlagError) throw new DocumentError(error.path, error.message, { cause: error })
    throw error
  }
  if (own(json, 'flags') !== undefined) {
    throw new DocumentError('flags', 'these are answers for one identity; use the environment document instead')
  }
  throw new DocumentError('', 'must be an environment document with feature_states, or an evaluation context')
}
