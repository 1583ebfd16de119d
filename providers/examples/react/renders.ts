/**
 * How often each component rendered something: `renders` in the browser's console. Counted in an effect, since React at
 * times calls a component only to find that nothing changed, which ends before effects and costs next to nothing.
 */
import { useEffect } from 'react'

const renders: Record<string, number> = {}
Object.assign(globalThis, { renders })

export function useRenderCount(component: string): void {
  useEffect(() => {
    renders[component] = (renders[component] ?? 0) + 1
  })
}
