/** LaunchDarkly against its Node SDK: no events, no connection, data handed to its own store. Answers with promises. */
import sdk from '@launchdarkly/node-server-sdk'
import { countriesOf, keys, kindOf, shareOf } from './contender.ts'
import type { Contender } from './contender.ts'

const flags = keys.map((key, index) => {
  const kind = kindOf(index)
  const clauses = [
    { contextKind: 'user', attribute: 'country', op: 'in', values: countriesOf(index) },
    { contextKind: 'user', attribute: 'plan', op: 'in', values: ['pro'] },
  ]
  const weight = shareOf(index) * 1000
  const variations = [
    { variation: 0, weight },
    { variation: 1, weight: 100_000 - weight },
  ]
  const split = { rollout: { contextKind: 'user', variations } }
  return [
    key,
    {
      key,
      version: 1,
      on: true,
      variations: [true, false],
      offVariation: 1,
      salt: `salt-${index}`,
      targets: [],
      prerequisites: [],
      rules: kind === 'attributes' || kind === 'both' ? [{ id: 'r', clauses, variation: 0 }] : [],
      fallthrough: kind === 'both' || kind === 'share' ? split : { variation: kind === 'everyone' ? 0 : 1 },
    },
  ] as const
})

interface DataSource {
  start(): void
  stop(): void
  close(): void
}
type Sink = { init(data: object, done: () => void): void }

export const launchdarkly: Contender = {
  dialect: 'launchdarkly',
  document: { flags: Object.fromEntries(flags), segments: {} },
  flags: keys,
  type: 'boolean',
  asynchronous: true,
  opponent: async (users) => {
    const ignore = (): void => undefined
    // What the vendor's own polling data source reads documents with.
    const read = sdk.deserializePoll(JSON.stringify(launchdarkly.document))
    if (read === undefined) throw new Error('the SDK cannot read the document')
    const data = { features: read.flags, segments: read.segments }
    const client = sdk.init('sdk-load-test', {
      sendEvents: false,
      diagnosticOptOut: true,
      logger: { error: ignore, warn: ignore, info: ignore, debug: ignore },
      updateProcessor: ((_: unknown, sink: Sink, ready: () => void): DataSource => ({
        start: () => sink.init(data, ready),
        stop: ignore,
        close: ignore,
      })) as never,
    })
    await client.waitForInitialization({ timeout: 10 })
    const known = users.map(({ targetingKey, ...attributes }) => ({ ...attributes, kind: 'user', key: targetingKey }))
    return {
      package: '@launchdarkly/node-server-sdk',
      ask: (flag, user) => client.variation(flag, known[user] ?? { kind: 'user', key: 'x' }, false),
    }
  },
}
