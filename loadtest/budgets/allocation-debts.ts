/**
 * Evaluations that still allocate, with the most bytes they may. The promise is zero for all of them: an entry is a debt
 * with a ceiling, entries only ever shrink, and one that has been paid off fails the test until it is removed.
 *
 * 16 bytes of every entry are the clock: a number of milliseconds too large for a small integer, boxed once per frame.
 */
export const debts: ReadonlyMap<string, number> = new Map<string, number>([
  ['featbit everyone', 16],
  ['featbit attributes', 112],
  ['featbit both', 169],
  ['featbit share', 88],
  ['featurevisor everyone', 16],
  ['featurevisor attributes', 112],
  ['featurevisor both', 200],
  ['featurevisor share', 128],
  ['flagd everyone', 16],
  ['flagd attributes', 112],
  ['flagd both', 536],
  ['flagd share', 551],
  ['unleash everyone', 16],
  ['unleash attributes', 112],
  ['unleash both', 176],
  ['unleash share', 96],
  ['growthbook everyone', 16],
  ['growthbook attributes', 112],
  ['growthbook both', 187],
  ['growthbook share', 113],
  ['flagsmith everyone', 16],
  ['flagsmith attributes', 112],
  ['flagsmith both', 341],
  ['flagsmith share', 184],
  ['launchdarkly everyone', 136],
  ['launchdarkly attributes', 232],
  ['launchdarkly both', 295],
  ['launchdarkly share', 216],
])
