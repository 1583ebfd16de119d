/** What every scenario is given and gives back. */
import type { Options } from '../options.ts'
import type { Result } from '../report/result.ts'
import type { Pinning } from '../targets/pinning.ts'

export interface Session {
  readonly options: Options
  readonly pinning: Pinning
  /** One line of progress. */
  readonly say: (line: string) => void
}

export type Scenario = (session: Session) => Promise<Result>

export const SINGLE_PATH = '/ofrep/v1/evaluate/flags/flag-1'
export const BULK_PATH = '/ofrep/v1/evaluate/flags'
