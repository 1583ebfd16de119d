/**
 * Evaluations by environment and reason. Counted in plain numbers, since a bulk answer counts hundreds at once, and
 * carried over to the exported counter when somebody scrapes. There is no label for the flag or the user: both sets are
 * as large as a stranger wants them to be.
 */
import { Counter } from 'prom-client'
import type { Registry } from 'prom-client'
import type { EvaluationCounter } from '../serve/observer.ts'

class ReasonCounts implements EvaluationCounter {
  readonly byReason = new Map<string, number>()

  count(reason: string, times: number = 1): void {
    this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + times)
  }
}

export class EvaluationCounters {
  readonly #environments = new Map<string, ReasonCounts>()

  constructor(registry: Registry) {
    const environments = this.#environments
    // Registers itself; nothing else refers to it.
    void new Counter({
      name: 'halyard_evaluations_total',
      help: 'Flag evaluations by environment and reason.',
      labelNames: ['environment', 'reason'],
      registers: [registry],
      collect() {
        this.reset()
        for (const [environment, counts] of environments) {
          for (const [reason, count] of counts.byReason) this.inc({ environment, reason }, count)
        }
      },
    })
  }

  of(environment: string): EvaluationCounter {
    let counts = this.#environments.get(environment)
    if (counts === undefined) this.#environments.set(environment, (counts = new ReasonCounts()))
    return counts
  }
}
