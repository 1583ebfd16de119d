/**
 * Work that can be paused is a generator that yields wherever it may be. Hosts decide how long it goes on before something
 * else gets its turn; where nothing waits it is done in one go.
 */

/** Does all the steps at once. */
export function finish<Result>(steps: Generator<void, Result>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
