/**
 * One thing after the other, where some things take time. What needs no time happens at once when nothing is under way.
 * Only the newest document and what was heard after it wait: a source that delivers faster than documents are compiled
 * would otherwise fill the memory with documents nobody will ever serve.
 */
type Turn = () => void | Promise<void>

interface Waiting {
  readonly turn: Turn
  /** Somebody waits for it, so nothing may take its place. */
  readonly kept: boolean
}

export class Turns {
  #waiting: Waiting[] = []
  #under: Promise<void> | undefined

  /** Takes its turn instead of everything added that still waits. */
  replace(turn: Turn): void {
    this.#waiting = this.#waiting.filter(({ kept }) => kept)
    this.add(turn)
  }

  /** Turns must not throw. */
  add(turn: Turn): void {
    this.#waiting.push({ turn, kept: false })
    this.#go()
  }

  /** Takes its turn in any case. Resolves with what it gives, rejects when it fails. */
  ask<T>(turn: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ turn: () => turn().then(resolve, reject), kept: true })
      this.#go()
    })
  }

  /** Resolves when nothing is under way and nothing waits. */
  async done(): Promise<void> {
    while (this.#under !== undefined) await this.#under
  }

  #go(): void {
    while (this.#under === undefined) {
      const took = this.#waiting.shift()?.turn()
      if (took === undefined && this.#waiting.length === 0) return
      if (took === undefined) continue
      this.#under = took.finally(() => {
        this.#under = undefined
        this.#go()
      })
    }
  }
}
