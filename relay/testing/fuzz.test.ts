/** The fuzz command finds vendors, tells a difference from agreement, and says how to see it again. */
import { expect, test } from 'vitest'
import type { Differential } from '../engine/testing/differential.ts'
import { compare, fuzz, fuzzableVendors, subjectsOf } from './fuzz.ts'
import type { FuzzTools } from './fuzz.ts'

function recorder(): FuzzTools & { readonly lines: string[] } {
  const lines: string[] = []
  return {
    lines,
    write: (line) => void lines.push(line),
    progress: () => {},
    seed: () => 4_711,
    monotonic: () => performance.now(),
  }
}

async function anyDifferential(): Promise<Differential> {
  const [vendor = ''] = fuzzableVendors()
  const [subject] = await subjectsOf(vendor)
  if (subject === undefined) throw new Error(`${vendor} has no differential`)
  return subject.differential
}

test('every vendor has something to compare with', async () => {
  expect(fuzzableVendors().length).toBeGreaterThan(0)
  for (const vendor of fuzzableVendors()) expect(await subjectsOf(vendor), vendor).not.toEqual([])
})

test('agreement exits with 0 and prints the seed it chose', { timeout: 120_000 }, async () => {
  const tools = recorder()
  const [vendor = ''] = fuzzableVendors()
  expect(await fuzz(['--vendor', vendor, '--cases', '500'], tools)).toBe(0)
  expect(tools.lines[0]).toMatch(/500 evaluations, --seed 4711$/)
  expect(tools.lines.join('\n')).toContain('no difference')
})

test(
  'an oracle that disagrees is a difference, with the command that shows it again',
  { timeout: 120_000 },
  async () => {
    const honest = await anyDifferential()
    const lying: Differential = {
      ...honest,
      exceptions: [],
      oracle: async (scenario) => (await honest.oracle(scenario)).map(() => ({ value: 'never answered' })),
      comparable: honest.comparable.bind(honest),
      close: async () => {},
    }
    const tools = recorder()
    expect(await compare({ name: 'liar', differential: lying }, 200, 7, tools)).toBe(false)
    const text = tools.lines.join('\n')
    expect(text).toContain('A DIFFERENCE')
    expect(text).toContain('never answered')
    expect(text).toMatch(/again: npm run fuzz -- --vendor liar --cases \d+ --seed 7/)
  },
)

test('an exception that no longer shows what it claims fails the run', { timeout: 120_000 }, async () => {
  const honest = await anyDifferential()
  const [known] = honest.exceptions
  const document = known?.shows.scenario ?? { document: {}, now: 0, questions: [] }
  const stale: Differential = {
    ...honest,
    comparable: honest.comparable.bind(honest),
    oracle: (scenario) => honest.oracle(scenario),
    exceptions: [
      ...honest.exceptions,
      {
        id: 'outdated',
        why: 'to be found out',
        shows: { scenario: document, ours: { value: 'a' }, theirs: { value: 'b' } },
        covers: () => false,
      },
    ],
    close: async () => {},
  }
  const tools = recorder()
  expect(await compare({ name: 'stale', differential: stale }, 200, 7, tools)).toBe(false)
  expect(tools.lines.join('\n')).toContain('stale exception outdated')
})

test.each([
  [['--help'], 0, 'Usage'],
  [['--vendor', 'nobody'], 2, 'there is nothing to compare "nobody" with'],
  [['--cases', '0'], 2, '--cases must be'],
  [['--seed', 'x'], 2, '--seed must be'],
  [['--sed', '1'], 2, "Unknown option '--sed'"],
] as const)('%j exits with %d', async (args, code, text) => {
  const tools = recorder()
  expect(await fuzz(args, tools)).toBe(code)
  expect(tools.lines.join('\n')).toContain(text)
})

test('the doors are compared on request', async () => {
  const lines: string[] = []
  const tools: FuzzTools = { write: (line) => lines.push(line), progress: () => {}, seed: () => 7, monotonic: () => 0 }
  expect(await fuzz(['--door', '--cases', '200'], tools)).toBe(0)
  expect(lines[0]).toBe('door: 200 requests, --seed 7')
  expect(lines[1]).toMatch(/no difference, 0 sockets left open$/)
})

test('hostile documents are made on request, and the same again from the same seed', async () => {
  const [vendor = ''] = fuzzableVendors()
  const run = async (): Promise<readonly string[]> => {
    const tools = recorder()
    expect(await fuzz(['--documents', '--vendor', vendor, '--cases', '60', '--seed', '7'], tools)).toBe(0)
    return tools.lines
  }
  const lines = await run()
  expect(lines[0]).toBe(`${vendor}: 60 hostile documents, --seed 7`)
  expect(lines[1]).toMatch(/ [1-9]\d* taken and [1-9]\d* refused, no fault$/)
  expect(await run()).toEqual(lines)
})

test('a document that is slow every time is a fault that says how to see it again', async () => {
  const [vendor = ''] = fuzzableVendors()
  const tools = recorder()
  let now = 0
  const slow: FuzzTools = { ...tools, monotonic: () => (now += 2_000) }
  expect(await fuzz(['--documents', '--vendor', vendor, '--cases', '5', '--seed', '7'], slow)).toBe(1)
  const text = tools.lines.join('\n')
  expect(text).toContain('took 2000 ms')
  expect(text).toContain(`again: npm run fuzz -- --documents --vendor ${vendor} --cases 1 --seed 7`)
})
