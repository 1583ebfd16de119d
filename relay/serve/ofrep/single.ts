/** `POST /ofrep/v1/evaluate/flags/{key}`: one flag's answer, sent as it was prepared when the document was compiled. */
import type { Timers } from '../clock.ts'
import type { HttpReply } from '../http-message.ts'
import type { Observer } from '../observer.ts'
import type { Call, Route } from '../route.ts'
import type { Limits } from '../settings.ts'
import { data, encoderOf, notReady, refusal } from './answer.ts'
import { readContext } from './context.ts'
import { flagKeys } from './flag-key.ts'

export interface OfrepParts {
  readonly limits: Limits
  readonly timers: Timers
  readonly observer: Observer
}

export function singleRoute(parts: OfrepParts): Route {
  return {
    method: 'POST',
    template: '/ofrep/v1/evaluate/flags/{key}',
    scopes: ['server', 'client', 'admin'],
    keyOf: (rest) => flagKeys(rest)[0] ?? '',
    handle: (call) => evaluate(call, parts),
  }
}

function evaluate({ request, rest, caller }: Call, { limits, timers, observer }: OfrepParts): HttpReply {
  const { tenant, view } = caller
  const keys = flagKeys(rest)
  const asked = keys[0] ?? ''
  const snapshot = tenant.environment.snapshot()
  if (snapshot === undefined) return notReady(caller, asked)
  const reading = readContext(request.body, request.header('content-type'), limits)
  if ('failure' in reading) return refusal(caller, asked, reading.failure)
  const now = timers.now()
  const encoder = encoderOf(caller)
  const freshness = tenant.freshness.of(snapshot)
  for (const key of keys) {
    const outcome = view.outcome(snapshot.ruleset, key, reading.context, now)
    if (outcome === undefined) continue
    observer.evaluations(tenant.name).count(outcome.evaluation.reason)
    const encoded = encoder.encode(outcome)
    return data(encoded.status, freshness.headers, encoded.body)
  }
  observer.evaluations(tenant.name).count('ERROR')
  return data(404, freshness.headers, encoder.notFound(asked).body)
}
