/** What the package `@halyard/openfeature-web` offers. `./bootstrap` is for servers. */
export { HalyardWebProvider } from './provider.ts'
export type { Source, WebProviderHealth } from './provider.ts'
export type { CacheOptions, HalyardWebOptions } from './options.ts'
export type { CacheStorage } from './cache.ts'
export type { SavedState } from './state.ts'
