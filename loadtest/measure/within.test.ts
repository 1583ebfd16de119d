/** Waiting that ends. */
import { expect, test } from 'vitest'
import { within } from './within.ts'

test('what arrives in time is handed on, what does not is named', async () => {
  expect(await within(1000, 'it', Promise.resolve(7))).toBe(7)
  await expect(within(1000, 'it', Promise.reject(new Error('no')))).rejects.toThrow('no')
  await expect(within(5, 'the answer', new Promise(() => undefined))).rejects.toThrow(
    'the answer took longer than 5 ms',
  )
})
