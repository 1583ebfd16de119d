/** Every promise of the suite, in the order of RELIABILITY.md. */
import type { Promised } from './promise.ts'
import { redisLost } from './promises/p01-redis-lost.ts'
import { upstreamLost } from './promises/p02-upstream-lost.ts'
import { replicasLost } from './promises/p03-replicas-lost.ts'
import { rollingRestart } from './promises/p04-rolling-restart.ts'
import { coldStart } from './promises/p05-cold-start.ts'
import { nothingKnown } from './promises/p06-nothing-known.ts'
import { neverOlder } from './promises/p08-never-older.ts'
import { movingClients } from './promises/p09-moving-clients.ts'
import { propagation } from './promises/p10-propagation.ts'
import { idleStreams } from './promises/p11-idle-streams.ts'
import { slowReaders } from './promises/p12-slow-readers.ts'
import { reconnectStorm } from './promises/p13-reconnect-storm.ts'
import { upstreamSpared } from './promises/p14-upstream-spared.ts'
import { converges } from './promises/p21-converges.ts'
import { clockJumps } from './promises/p24-clock-jumps.ts'
import { diskTrouble } from './promises/p25-disk-trouble.ts'
import { unprivileged } from './promises/p26-unprivileged.ts'

export const promises: readonly Promised[] = [
  redisLost,
  upstreamLost,
  replicasLost,
  rollingRestart,
  coldStart,
  nothingKnown,
  neverOlder,
  movingClients,
  propagation,
  idleStreams,
  slowReaders,
  reconnectStorm,
  upstreamSpared,
  converges,
  clockJumps,
  diskTrouble,
  unprivileged,
]
