/** The manifests keep the promises of a hardened deployment, and name only settings, ports and keys that exist. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { readSettings } from './loading.ts'
import { valueAt } from './problems.ts'
import type { Settings } from './settings.ts'
import { leaves, variableFor } from './tree.ts'
import type { Path } from './tree.ts'

const FOLDER = join(import.meta.dirname, 'kubernetes')
const manifests: unknown[] = readdirSync(FOLDER).flatMap((name) =>
  parseAllDocuments(readFileSync(join(FOLDER, name), 'utf8')).map((document) => {
    expect(document.errors, name).toEqual([])
    return document.toJS() as unknown
  }),
)
const compose: unknown = parseAllDocuments(readFileSync(join(import.meta.dirname, 'compose.yaml'), 'utf8'))[0]?.toJS()
const variableNames = new Set([...leaves()].map(([path]) => variableFor(path)))

function manifest(kind: string): (...path: Path) => unknown {
  const found = manifests.filter((one) => valueAt(one, ['kind']) === kind)
  expect(found, kind).toHaveLength(1)
  return (...path) => valueAt(found[0], path)
}

function strings(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(value ?? {}).map(([name, text]) => [name, String(text)]))
}

/** The ConfigMap's settings as the pod reads them: with its keys and its variables. */
function settingsOfPod(): Settings {
  const env = manifest('Deployment')('spec', 'template', 'spec', 'containers', 0, 'env') as {
    name: string
    value: string
  }[]
  const variables = {
    ...strings(manifest('Secret')('stringData')),
    ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
  }
  const text = String(manifest('ConfigMap')('data', 'relay.yaml'))
  const { settings, problems } = readSettings(text, '/etc/halyard', { variables, now: 0 })
  expect(problems).toEqual([])
  if (settings === undefined) throw new Error('the ConfigMap holds no settings')
  return settings
}

test('the pod runs without root, capabilities, writable root file system or token', () => {
  const at = manifest('Deployment')
  const pod = (...path: Path): unknown => at('spec', 'template', 'spec', ...path)
  expect(pod('automountServiceAccountToken')).toBe(false)
  expect(pod('enableServiceLinks')).toBe(false)
  expect(pod('securityContext')).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 65_532,
    seccompProfile: { type: 'RuntimeDefault' },
  })
  expect(pod('containers', 0, 'securityContext')).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
  expect(pod('containers', 0, 'resources')).toMatchObject({
    requests: { cpu: expect.anything() as unknown },
    limits: { memory: expect.anything() as unknown },
  })
  expect(pod('containers')).toHaveLength(1)
})

test('liveness asks the process alone; readiness asks the relay', () => {
  const container = (name: string): unknown =>
    manifest('Deployment')('spec', 'template', 'spec', 'containers', 0, name, 'httpGet')
  expect(container('livenessProbe')).toEqual({ path: '/healthz', port: 'management' })
  expect(container('startupProbe')).toEqual({ path: '/healthz', port: 'management' })
  expect(container('readinessProbe')).toEqual({ path: '/readyz', port: 'management' })
})

test('a rollout and a drained node leave replicas, spread over nodes and zones', () => {
  const at = manifest('Deployment')
  expect(at('spec', 'strategy', 'rollingUpdate', 'maxUnavailable')).toBe(0)
  expect(Number(at('spec', 'replicas'))).toBeGreaterThan(
    Number(manifest('PodDisruptionBudget')('spec', 'minAvailable')),
  )
  const keys = (at('spec', 'template', 'spec', 'topologySpreadConstraints') as { topologyKey: string }[]).map(
    ({ topologyKey }) => topologyKey,
  )
  expect(keys).toEqual(['kubernetes.io/hostname', 'topology.kubernetes.io/zone'])
})

test('the relay has drained before Kubernetes loses patience', () => {
  const pod = (...path: Path): number => Number(manifest('Deployment')('spec', 'template', 'spec', ...path))
  const { windowMs, graceMs } = settingsOfPod().drain
  const needed = pod('containers', 0, 'lifecycle', 'preStop', 'sleep', 'seconds') + (windowMs + graceMs) / 1000
  expect(pod('terminationGracePeriodSeconds')).toBeGreaterThanOrEqual(needed + 5)
})

test('the settings are valid, listen on the ports that are declared, and store where it is writable', () => {
  const settings = settingsOfPod()
  const at = manifest('Deployment')
  const container = (name: string): unknown => at('spec', 'template', 'spec', 'containers', 0, name)
  expect(container('ports')).toEqual([
    { name: 'http', containerPort: settings.listen.port },
    { name: 'management', containerPort: settings.listen.management.port },
  ])
  expect(settings.listen.management.host).toBe('0.0.0.0')
  expect(container('volumeMounts')).toContainEqual({ name: 'documents', mountPath: settings.store.disk })
  for (const { name } of container('env') as { name: string }[]) expect(variableNames).toContain(name)
})

test('every selector finds the pod, and nothing but named ports is open', () => {
  const labels = manifest('Deployment')('spec', 'template', 'metadata', 'labels')
  expect(manifest('Service')('spec', 'selector')).toEqual(labels)
  expect(manifest('PodDisruptionBudget')('spec', 'selector', 'matchLabels')).toEqual(labels)
  expect(manifest('NetworkPolicy')('spec', 'podSelector', 'matchLabels')).toEqual(labels)
  expect(manifest('Service')('spec', 'ports')).toEqual([{ name: 'http', port: 80, targetPort: 'http' }])
  expect(manifest('NetworkPolicy')('spec', 'policyTypes')).toEqual(['Ingress', 'Egress'])
  const rules = manifest('NetworkPolicy')('spec', 'ingress') as { from?: unknown; ports: { port: string }[] }[]
  for (const { from, ports } of rules) if (from === undefined) expect(ports.map(({ port }) => port)).toEqual(['http'])
})

test('compose is as strict, on loopback, and mounts an example that is valid', () => {
  const relay = (...path: Path): unknown => valueAt(compose, ['services', 'relay', ...path])
  expect(relay('read_only')).toBe(true)
  expect(relay('cap_drop')).toEqual(['ALL'])
  expect(relay('security_opt')).toEqual(['no-new-privileges:true'])
  for (const port of relay('ports') as string[]) expect(port).toMatch(/^127\.0\.0\.1:/)
  const [mount = ''] = relay('volumes') as string[]
  const text = readFileSync(join(import.meta.dirname, mount.split(':')[0] ?? ''), 'utf8')
  const { settings, problems } = readSettings(text, '/etc/halyard', { variables: {}, now: 0 })
  expect(problems).toEqual([])
  expect(settings?.store.redis?.url).toBe('redis://redis:6379')
})
