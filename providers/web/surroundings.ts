/**
 * What the provider needs of the place it runs in. Each part may be missing (a server render, a worker, React Native)
 * or refuse (storage denied, an opaque origin), and tests bring their own clock, so nothing else looks at globals.
 */

export interface Surroundings {
  readonly fetch: typeof fetch
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  readonly setTimeout: (run: () => void, milliseconds: number) => unknown
  readonly clearTimeout: (timer: unknown) => void
  /** Tells of `visibilitychange`. */
  readonly document?: (EventTarget & { readonly visibilityState: string }) | undefined
  /** Tells of `online`, `offline`, `pagehide`. */
  readonly window?: EventTarget | undefined
  readonly locks?: LockManager | undefined
  readonly channel?: ((name: string) => BroadcastChannel) | undefined
}

/** The browser's own, or what there is of it. */
export function browser(): Surroundings {
  const { document, navigator, BroadcastChannel } = globalThis as Partial<typeof globalThis>
  return {
    // Looked up on each call: applications replace it, and it must not be called as a method.
    fetch: (...request) => globalThis.fetch(...request),
    now: () => Date.now(),
    random: () => Math.random(),
    setTimeout: (run, milliseconds) => setTimeout(run, milliseconds),
    clearTimeout: (timer) => clearTimeout(timer as number),
    document,
    window: document && globalThis.window,
    locks: document && navigator?.locks,
    channel: BroadcastChannel && ((name) => new BroadcastChannel(name)),
  }
}
