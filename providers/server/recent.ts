/** What was told lately, in bounded memory: a Map keeps its order, so the first key is the one unused for longest. */
export class Recent {
  readonly #most: number
  readonly #lifetime: number
  readonly #seen = new Map<string, number>()

  /** `lifetime` in milliseconds. */
  constructor(most: number, lifetime: number) {
    this.#most = most
    this.#lifetime = lifetime
  }

  /** Whether it is new, or long ago. Remembers it. */
  add(key: string, now: number): boolean {
    const since = this.#seen.get(key)
    const known = since !== undefined && now - since < this.#lifetime
    this.#seen.delete(key)
    this.#seen.set(key, known ? since : now)
    if (this.#seen.size > this.#most) {
      for (const oldest of this.#seen.keys()) {
        this.#seen.delete(oldest)
        break
      }
    }
    return !known
  }
}
