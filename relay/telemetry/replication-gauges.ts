/**
 * What Prometheus sees of replicas keeping in step: which role this one plays, whom it knows as leader, how its Redis is,
 * and the notices between them. Read off the environments' status at each scrape; nothing where no Redis is configured.
 */
import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Environment } from '../environment/environment.ts'
import type { EnvironmentStatus } from '../environment/status.ts'

const ROLES = ['leader', 'follower', 'alone'] as const
const REDIS_STATES = ['idle', 'available', 'unavailable', 'closed'] as const
const NOTICES = ['sent', 'received', 'ignored'] as const

type Peers = NonNullable<EnvironmentStatus['replication']>

/** Registers them. `environments` is asked at each scrape. */
export function registerReplicationGauges(registry: Registry, environments: () => readonly Environment[]): void {
  const shared = (): { readonly environment: string; readonly peers: Peers }[] =>
    environments().flatMap((environment) => {
      const peers = environment.status().replication
      return peers === undefined ? [] : [{ environment: environment.name, peers }]
    })
  oneOf('halyard_replica_role', 'Role of this replica.', ROLES, (peers) => peers.role)
  oneOf('halyard_redis_state', 'State of the Redis that replicas share.', REDIS_STATES, (peers) => peers.redis)

  const holder = new Gauge({
    name: 'halyard_lease_holder_info',
    help: 'The replica that asks the vendor, as far as this one knows.',
    labelNames: ['environment', 'replica'],
    registers: [],
    collect() {
      this.reset()
      for (const { environment, peers } of shared()) {
        if (peers.leader !== undefined) this.set({ environment, replica: peers.leader }, 1)
      }
    },
  })
  registry.registerMetric(holder)

  const notices = new Counter({
    name: 'halyard_notices_total',
    help: 'Notices between replicas: sent, received, and received without anything to do.',
    labelNames: ['environment', 'event'],
    registers: [],
    collect() {
      this.reset()
      for (const { environment, peers } of shared()) {
        for (const event of NOTICES) this.inc({ environment, event }, peers.notices[event])
      }
    },
  })
  registry.registerMetric(notices)

  function oneOf(name: string, help: string, values: readonly string[], read: (peers: Peers) => string): void {
    const labelNames = ['environment', 'state'] as const
    const gauge = new Gauge({ name, help, labelNames, registers: [], collect: fill })
    registry.registerMetric(gauge)
    function fill(this: Gauge<'environment' | 'state'>): void {
      this.reset()
      for (const { environment, peers } of shared()) {
        for (const state of values) this.set({ environment, state }, state === read(peers) ? 1 : 0)
      }
    }
  }
}
