/** `@halyard/openfeature-server`: the OpenFeature provider. Without the SDK see `/client`, for the file system `/disk`. */
export { HalyardProvider } from './provider.ts'
export type { EvaluateAllOptions } from './client.ts'
export type { BareDocument, Bootstrap, ExposureOptions, HalyardOptions, Mode } from './options.ts'
export type { SnapshotStore } from './snapshot-store.ts'
export type { Status } from './status.ts'
export type { Timers } from './timers.ts'
