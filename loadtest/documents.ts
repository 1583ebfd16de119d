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

/** A flagd document: a third static, a third targeted by attributes, a third split by percentage. */
export function flagdDocument(flags: number): string {
  const entries: Record<string, object> = {}
  for (let index = 0; index < flags; index++) {
    entries[`flag-${index}`] = {
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'off',
      ...(index % 3 === 0 ? undefined : { targeting: index % 3 === 1 ? attributeRule(index) : splitRule(index) }),
    }
  }
  return JSON.stringify({ flags: entries })
}

function attributeRule(index: number): object {
  const countries = [COUNTRIES[index % COUNTRIES.length], COUNTRIES[(index + 3) % COUNTRIES.length]]
  const plan = { '==': [{ var: 'plan' }, PLANS[index % PLANS.length]] }
  return { if: [{ and: [{ in: [{ var: 'country' }, countries] }, plan] }, 'on', 'off'] }
}

function splitRule(index: number): object {
  const share = (index * 7) % 101
  return {
    fractional: [{ cat: [{ var: '$flagd.flagKey' }, { var: 'targetingKey' }] }, ['on', share], ['off', 100 - share]],
  }
}

/** Request bodies with contexts that differ from one another. */
export function contextBodies(count: number, seed: number): string[] {
  const random = randomFrom(seed)
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? ''
  return Array.from({ length: count }, () =>
    JSON.stringify({
      context: {
        targetingKey: `user-${Math.floor(random() * 1e9)}`,
        country: pick(COUNTRIES),
        plan: pick(PLANS),
        email: `someone-${Math.floor(random() * 1e6)}@example.com`,
      },
    }),
  )
}
