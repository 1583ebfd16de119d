/** Options that say how the vendor is asked. They stand beside those of the dialect, which leaves them alone. */
import type { SettingsProblem } from '../vendor.ts'
import { FORMATS } from './formats.ts'
import type { Format } from './formats.ts'

export interface TransportOptions {
  /**
   * What the url leads to. `document` (default): a flag file. `flag-configuration`: a GO Feature Flag relay, which is
   * asked for all its flags as its in-process providers ask.
   */
  readonly endpoint: 'document' | 'flag-configuration'
  /** Format of a flag file whose name and content type do not tell. Default: as they tell, else YAML. */
  readonly fileFormat?: Format
}

/** The options, defaults where they are wrong, and everything that is wrong with them. */
export function readTransport(options: Readonly<Record<string, unknown>>): {
  readonly transport: TransportOptions
  readonly problems: readonly SettingsProblem[]
} {
  const problems: SettingsProblem[] = []
  const { endpoint = 'document', fileFormat } = options
  if (endpoint !== 'document' && endpoint !== 'flag-configuration') {
    problems.push({ path: 'options.endpoint', message: 'must be "document" or "flag-configuration"' })
  }
  const format = FORMATS.find((each) => each === fileFormat)
  if (fileFormat !== undefined && format === undefined) {
    problems.push({ path: 'options.fileFormat', message: `must be one of ${FORMATS.join(', ')}` })
  }
  const transport: TransportOptions = {
    endpoint: endpoint === 'flag-configuration' ? 'flag-configuration' : 'document',
    ...(format === undefined ? {} : { fileFormat: format }),
  }
  return { transport, problems }
}
