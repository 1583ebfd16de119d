/** Figures out of a text as prom-client writes it. */
import { expect, test } from 'vitest'
import { metricSum } from './prometheus.ts'

const TEXT = `# HELP a_total Things.
# TYPE a_total counter
a_total{result="swapped",environment="x y"} 3
a_total{result="same",environment="x y"} 40
a_total_created 7
lag_seconds 0.0125
`

test('samples are added over their labels, or picked by one', () => {
  expect(metricSum(TEXT, 'a_total')).toBe(43)
  expect(metricSum(TEXT, 'a_total', 'result="swapped"')).toBe(3)
  expect(metricSum(TEXT, 'lag_seconds')).toBe(0.0125)
  expect(metricSum(TEXT, 'b')).toBeUndefined()
})
