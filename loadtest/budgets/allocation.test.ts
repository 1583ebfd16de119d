/**
 * A single flag that hits a prepared outcome allocates nothing, whatever the vendor, apart from the debts listed beside
 * this file. A byte per evaluation is tolerated: the evaluations measured also see the runtime's own bookkeeping.
 */
import { describe, expect, test } from 'vitest'
import { users } from '../documents.ts'
import { contenders } from '../engines/contenders.ts'
import { debts } from './allocation-debts.ts'
import { meter } from './allocation-meter.ts'

const NOTHING = 1
const people = users(100, 1)
const KINDS = ['everyone', 'attributes', 'both', 'share'] as const
const cases = [...contenders].flatMap(([vendor, load]) =>
  KINDS.map((kind, index) => ({ name: `${vendor} ${kind}`, index, load })),
)

describe('bytes per evaluation', () => {
  test.each(cases)('$name', async ({ name, index, load }) => {
    const { dialect, options, document, flags, contextOf } = await load()
    const { bytes, control, value } = meter({
      dialect,
      ...(options === undefined ? {} : { options }),
      document: JSON.stringify(document),
      flag: flags[index] ?? '',
      contexts: people.map((user) => contextOf?.(user) ?? user),
    })
    expect(typeof value).toBe('boolean')
    expect(control, 'the meter sees a small object').toBeGreaterThan(8)
    expect(control, 'the meter sees nothing else').toBeLessThan(64)
    const debt = debts.get(name)
    if (debt === undefined) {
      expect(bytes).toBeLessThan(NOTHING)
    } else {
      expect(bytes, 'more than the listed debt').toBeLessThan(debt + NOTHING)
      expect(bytes, 'paid off: remove it from allocation-debts.ts').toBeGreaterThanOrEqual(NOTHING)
    }
  })

  test('every debt is about something that is measured', () => {
    const known = new Set(cases.map(({ name }) => name))
    expect([...debts.keys()].filter((name) => !known.has(name))).toEqual([])
  })
})
