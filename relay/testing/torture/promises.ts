/** Every promise of the suite, in the order of RELIABILITY.md. */
import type { Promised } from './promise.ts'
import { redisLost } from './promises/p01-redis-lost.ts'
import { upstreamLost } from './promises/p02-upstream-lost.ts'
import { replicasLost } from './promises/p03-replicas-lost.ts'
import { coldStart } from './promises/p05-cold-start.ts'
import { nothingKnown } from './promises/p06-nothing-known.ts'

export const promises: readonly Promised[] = [redisLost, upstreamLost, replicasLost, coldStart, nothingKnown]
