/** The dialects this engine speaks. Adding a vendor adds one line here and one folder beside this file. */
import type { Dialect } from '../dialect.ts'

export const dialects: ReadonlyMap<string, Dialect> = new Map<string, Dialect>([])
