/**
 * Evaluations that still allocate, with the most bytes they may. The promise is zero for all of them: an entry is a debt
 * with a ceiling, entries only ever shrink, and one that has been paid off fails the test until it is removed.
 *
 * Splits join texts before they hash them and hand buckets on as boxed doubles.
 */
export const debts: ReadonlyMap<string, number> = new Map<string, number>([
  ['featbit both', 57],
  ['featbit share', 73],
  ['featurevisor both', 89],
  ['featurevisor share', 112],
  ['growthbook both', 76],
  ['growthbook share', 98],
  ['flagsmith both', 135],
  ['flagsmith share', 170],
  ['launchdarkly both', 13],
])
