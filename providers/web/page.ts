/**
 * The life of the page around the provider: hidden and shown, offline and online, left and come back to. A browser ends
 * a page without a word, so what must not be lost is sent when it is hidden, not when it is closed.
 */
import type { Surroundings } from './surroundings.ts'

export interface PageEvents {
  /** Hidden; may be the last thing we hear. */
  hidden(): void
  /** Hidden for `hiddenAfterMs`, or left: nobody looks. */
  idle(): void
  /** Shown again. */
  shown(): void
  /** Another network, or none. */
  network(): void
}

/** Calls until the returned function is called. */
export function watchPage(around: Surroundings, hiddenAfterMs: number, events: PageEvents): () => void {
  const { document, window, setTimeout, clearTimeout } = around
  let timer: unknown
  const shown = (): void => {
    clearTimeout(timer)
    events.shown()
  }
  const visibility = (): void => {
    if (document?.visibilityState !== 'hidden') return shown()
    events.hidden()
    clearTimeout(timer)
    timer = setTimeout(() => events.idle(), hiddenAfterMs)
  }
  const leave = (): void => {
    events.hidden()
    events.idle()
  }
  const network = (): void => events.network()
  const handlers: [EventTarget | undefined, string, () => void][] = [
    [document, 'visibilitychange', visibility],
    [window, 'pagehide', leave],
    // From the back-forward cache.
    [window, 'pageshow', shown],
    [window, 'online', network],
    [window, 'offline', network],
  ]
  for (const [target, type, handler] of handlers) target?.addEventListener(type, handler)
  return () => {
    clearTimeout(timer)
    for (const [target, type, handler] of handlers) target?.removeEventListener(type, handler)
  }
}
