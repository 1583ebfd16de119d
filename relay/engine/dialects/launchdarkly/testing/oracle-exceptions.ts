/** Where the Node SDK and we may differ, each with its reason. */
import type { OracleException } from '../../../testing/differential.ts'

export const exceptions: readonly OracleException[] = []
