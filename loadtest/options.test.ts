/** The command line: defaults, bounds, mistakes. */
import { expect, test } from 'vitest'
import { HELP, readOptions } from './options.ts'

const read = (...args: string[]): ReturnType<typeof readOptions> => readOptions(args, ['single', 'bulk'])

test('defaults are those of the help', () => {
  const options = read('single')
  expect(options).toMatchObject({
    scenario: 'single',
    flags: 100,
    connections: 64,
    seconds: 10,
    runs: 5,
    seed: 1,
    pin: true,
  })
  for (const name of ['flags', 'connections', 'pipelining', 'rate', 'seconds', 'runs', 'seed'] as const) {
    expect(HELP).toMatch(new RegExp(`--${name} N .*\\(default ${options?.[name]}\\)`))
  }
})

test('options are read', () => {
  expect(
    read('bulk', '--flags', '5', '--mode', 'repeated', '--no-pin', '--vendor', 'flagd', '--vendor', 'goff'),
  ).toMatchObject({
    flags: 5,
    modes: ['repeated'],
    pin: false,
    vendors: ['flagd', 'goff'],
  })
  expect(read('--help')).toBeUndefined()
})

test.each([
  [[], 'name a scenario'],
  [['singel'], 'unknown scenario "singel"'],
  [['single', 'bulk'], 'one scenario at a time'],
  [['single', '--seconds', '0'], '--seconds must be a whole number from 1 to 600'],
  [['single', '--seconds', '86400'], '--seconds must be'],
  [['single', '--rate', 'fast'], '--rate must be'],
  [['bulk', '--mode', 'some'], '--mode must be'],
  [['single', '--url', 'http://example.com'], '--url'],
])('%j is refused', (args, message) => {
  expect(() => read(...args)).toThrow(message)
})
