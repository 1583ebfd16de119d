/**
 * How an OpenFeature context becomes the vendor's: its members as they are, dates as ISO text, and the targeting key also
 * under `userId`, where it wins over one given. Only own members count: the vendor's SDKs also find inherited ones such
 * as `constructor`, which here would make strangers' input match conditions nobody wrote.
 */
import { own } from '../../context.ts'
import type { Context } from '../../outcome.ts'
import type { Term } from '../../plan.ts'

/** The attribute at a path: own members of objects and lists, part by part. Members of texts do not exist. */
export function attribute(path: string): Term {
  const [root = '', ...rest] = path.split('.')
  const reads = readsOf(path)
  if (rest.length === 0) return { name: path, reads, read: (frame) => member(frame.context, root) }
  return {
    name: path,
    reads,
    read: (frame) => {
      let value = member(frame.context, root)
      for (const part of rest) value = plain(own(value, part))
      return value
    },
  }
}

/** The context members that the attribute at a path depends on. */
export function readsOf(path: string): readonly string[] {
  const [root = ''] = path.split('.')
  return root === 'userId' ? ['targetingKey', 'userId'] : [root]
}

function member(context: Context, name: string): unknown {
  if (name === 'userId') {
    const key = own(context, 'targetingKey')
    if (typeof key === 'string' && key !== '') return key
  }
  return plain(own(context, name))
}

function plain(value: unknown): unknown {
  if (!(value instanceof Date)) return value
  return Number.isNaN(value.getTime()) ? null : value.toISOString()
}
