/** Flag documents and evaluation contexts of any size, made from a seed so that two runs measure the same work. */

/** A small, fast generator (mulberry32): the same sequence for the same seed everywhere. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const COUNTRIES = ['NL', 'DE', 'FR', 'GB', 'US', 'BR', 'IN', 'JP']
const PLANS = ['free', 'pro', 'enterprise']

export interface DocumentOptions {
  /** Another number gives a document in which about one flag in a hundred differs. Default 0. */
  readonly version?: number
  /** Bytes of metadata on every flag, as descriptions and owners take. Default 0. */
  readonly metadataBytes?: number
}

/** A flagd document: a third static, a third targeted by attributes, a third split by percentage. */
export function flagdDocument(flags: number, { version = 0, metadataBytes = 0 }: DocumentOptions = {}): string {
  const entries: Record<string, object> = {}
  const metadata = metadataBytes === 0 ? undefined : { metadata: { description: 'd'.repeat(metadataBytes) } }
  for (let index = 0; index < flags; index++) {
    const share = (index * 7 + (index % 100 === version % 100 ? version : 0)) % 101
    entries[`flag-${index}`] = {
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'off',
      ...(index % 3 === 0 ? undefined : { targeting: index % 3 === 1 ? attributeRule(index) : splitRule(share) }),
      ...metadata,
    }
  }
  return JSON.stringify({ flags: entries, metadata: { version } })
}

function attributeRule(index: number): object {
  const countries = [COUNTRIES[index % COUNTRIES.length], COUNTRIES[(index + 3) % COUNTRIES.length]]
  const plan = { '==': [{ var: 'plan' }, PLANS[index % PLANS.length]] }
  return { if: [{ and: [{ in: [{ var: 'country' }, countries] }, plan] }, 'on', 'off'] }
}

function splitRule(share: number): object {
  return {
    fractional: [{ cat: [{ var: '$flagd.flagKey' }, { var: 'targetingKey' }] }, ['on', share], ['off', 100 - share]],
  }
}

/** An evaluation context. */
export type User = Readonly<Record<string, string>> & { readonly targetingKey: string }

/** Contexts that differ from one another in what rules read. */
export function users(count: number, seed: number): User[] {
  const random = randomFrom(seed)
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? ''
  return Array.from({ length: count }, (_, index) => ({
    targetingKey: `user-${index}-${Math.floor(random() * 1e9)}`,
    country: pick(COUNTRIES),
    plan: pick(PLANS),
    email: `someone-${Math.floor(random() * 1e6)}@example.com`,
  }))
}

/** OFREP request bodies of as many users. */
export function contextBodies(count: number, seed: number): string[] {
  return users(count, seed).map((context) => JSON.stringify({ context }))
}
