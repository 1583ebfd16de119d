/**
 * What Prometheus sees of the environments, read off their status at the moment of a scrape: nothing is kept, so an
 * environment that is configured away is gone from the next scrape.
 */
import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Environment } from '../environment/environment.ts'
import type { EnvironmentStatus } from '../environment/status.ts'

const STATES = ['starting', 'ready', 'stale'] as const
const UPSTREAM_STATES = ['starting', 'live', 'retrying', 'stopped'] as const

type Reading = (status: EnvironmentStatus, now: number) => number | undefined

const READINGS: readonly { readonly name: string; readonly help: string; readonly read: Reading }[] = [
  { name: 'halyard_snapshot_epoch', help: 'Epoch of the served document.', read: (status) => status.epoch },
  { name: 'halyard_snapshot_version', help: 'Version of the served document.', read: (status) => status.version },
  {
    name: 'halyard_snapshot_age_seconds',
    help: 'Seconds since the upstream last confirmed the served document.',
    read: (status, now) => {
      const since = status.confirmedAt ?? status.receivedAt
      return since === undefined ? undefined : Math.max(0, (now - since) / 1_000)
    },
  },
  { name: 'halyard_flags', help: 'Flags in the served document.', read: (status) => status.flags },
  { name: 'halyard_flags_quarantined', help: 'Flags that cannot be used.', read: (status) => status.quarantinedFlags },
  {
    name: 'halyard_document_quarantined',
    help: 'Whether a document waits for confirmation because it looks wrong.',
    read: (status) => (status.quarantine === undefined ? 0 : 1),
  },
  {
    name: 'halyard_document_pinned',
    help: 'Whether an operator went back and the vendor’s document stays out.',
    read: (status) => (status.pinnedAgainst === undefined ? 0 : 1),
  },
  {
    name: 'halyard_upstream_consecutive_failures',
    help: 'Failed attempts since the last success.',
    read: (status) => status.source.consecutiveFailures,
  },
  {
    name: 'halyard_upstream_last_success_timestamp_seconds',
    help: 'When the upstream last answered.',
    read: (status) => {
      const at = status.source.lastSuccessAt
      return at === undefined ? undefined : at / 1_000
    },
  },
]

/** Registers the gauges. `environments` is asked at each scrape. */
export function registerEnvironmentGauges(
  registry: Registry,
  environments: () => readonly Environment[],
  now: () => number,
): void {
  for (const { name, help, read } of READINGS) {
    const gauge = new Gauge({ name, help, labelNames: ['environment'], registers: [], collect: fill })
    registry.registerMetric(gauge)
    function fill(this: Gauge<'environment'>): void {
      this.reset()
      for (const environment of environments()) {
        const value = read(environment.status(), now())
        if (value !== undefined) this.set({ environment: environment.name }, value)
      }
    }
  }
  registry.registerMetric(
    new Gauge({
      name: 'halyard_document_info',
      help: 'The revision that is served.',
      labelNames: ['environment', 'revision'],
      registers: [],
      collect() {
        this.reset()
        for (const environment of environments()) {
          const { revision } = environment.status()
          if (revision !== undefined) this.set({ environment: environment.name, revision }, 1)
        }
      },
    }),
  )
  snapshotInfo(registry, environments)
  state(
    registry,
    environments,
    'halyard_environment_state',
    'State of an environment.',
    STATES,
    (status) => status.state,
  )
  state(
    registry,
    environments,
    'halyard_upstream_state',
    'State of the upstream.',
    UPSTREAM_STATES,
    (status) => status.source.state,
  )
}

/** One series for each environment at any time, so revisions may be a label. */
function snapshotInfo(registry: Registry, environments: () => readonly Environment[]): void {
  const name = 'halyard_snapshot_info'
  const help = 'The revision of the served document: the same on all replicas that serve the same.'
  const labelNames = ['environment', 'revision'] as const
  const gauge = new Gauge({ name, help, labelNames, registers: [], collect: fill })
  registry.registerMetric(gauge)
  function fill(this: Gauge<'environment' | 'revision'>): void {
    this.reset()
    for (const environment of environments()) {
      const { revision } = environment.status()
      if (revision !== undefined) this.set({ environment: environment.name, revision }, 1)
    }
  }
}

function state(
  registry: Registry,
  environments: () => readonly Environment[],
  name: string,
  help: string,
  states: readonly string[],
  read: (status: EnvironmentStatus) => string,
): void {
  const labelNames = ['environment', 'state'] as const
  const gauge = new Gauge({ name, help, labelNames, registers: [], collect: fill })
  registry.registerMetric(gauge)
  function fill(this: Gauge<'environment' | 'state'>): void {
    this.reset()
    for (const environment of environments()) {
      const present = read(environment.status())
      for (const one of states) this.set({ environment: environment.name, state: one }, one === present ? 1 : 0)
    }
  }
}
