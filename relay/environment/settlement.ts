/**
 * How replicas come to one order again, whatever happened while they could not hear each other. Each of them has served
 * something, none may go back, and Redis has one newest generation or none; this says what one replica does next.
 *
 * - What is newer in Redis is adopted. An operator's decision is a new epoch and so is newer than all before it.
 * - Only the leader puts documents above others. Where it has the vendor's word for what it serves, that goes on top;
 *   where it has not, it adopts, and asks the vendor.
 * - A follower that has served something as new as the newest, with other content, cannot adopt the newest without going
 *   back. It raises the floor: the leader puts what it serves above it, and all can follow.
 */
import type { Stamp } from '../store/lease.ts'
import { compareGenerations } from '../store/store.ts'
import type { Order } from '../store/store.ts'
import type { Authority } from './served.ts'

export interface Situation {
  readonly leads: boolean
  readonly served: Stamp | undefined
  /** The vendor has confirmed what is served since this replica leads. */
  readonly vouched: boolean
  readonly newest: Stamp | undefined
  /** The newest cannot be used here: damaged, or of another dialect. */
  readonly unusable: boolean
  readonly floor: Stamp | undefined
}

export type Step =
  | { readonly kind: 'none' }
  /** Serve the newest. */
  | { readonly kind: 'adopt' }
  /** Give what is served this order, and save it. */
  | { readonly kind: 'restamp'; readonly order: Order }
  /** Save what is served. */
  | { readonly kind: 'save'; readonly authority: Authority }
  | { readonly kind: 'raise' }

const NONE: Step = { kind: 'none' }

export function nextStep(situation: Situation): Step {
  const { leads, served, newest, unusable } = situation
  if (served === undefined) return newest === undefined || unusable ? NONE : { kind: 'adopt' }
  if (leads) return asLeader(situation, served)
  if (newest === undefined) return { kind: 'save', authority: 'lease' }
  if (unusable) return NONE
  if (compareGenerations(newest, served) > 0) return { kind: 'adopt' }
  if (same(newest, served)) return NONE
  return served.epoch > newest.epoch ? { kind: 'save', authority: 'operator' } : { kind: 'raise' }
}

function asLeader({ vouched, newest, unusable, floor }: Situation, served: Stamp): Step {
  const adoptable = newest !== undefined && !unusable && compareGenerations(newest, served) > 0
  if (adoptable && (newest.epoch > served.epoch || newest.sha256 === served.sha256 || !vouched)) {
    return { kind: 'adopt' }
  }
  const [top, ...below] = [newest, floor]
    .filter((one) => one !== undefined)
    .filter((one) => compareGenerations(one, served) >= 0 && !same(one, served))
    .sort((a, b) => compareGenerations(b, a))
  if (top !== undefined) {
    const { epoch, version } = top
    const level = [top, ...below].filter((one) => compareGenerations(one, top) === 0)
    const above = level.some(({ sha256 }) => sha256 !== served.sha256)
    return { kind: 'restamp', order: { epoch, version: above ? version + 1 : version } }
  }
  const behind = newest === undefined || compareGenerations(newest, served) < 0
  return behind ? { kind: 'save', authority: 'lease' } : NONE
}

/** Whether a floor already makes the leader go above what this replica serves. */
export function coveredBy(floor: Stamp | undefined, served: Stamp): boolean {
  return floor !== undefined && (compareGenerations(floor, served) > 0 || same(floor, served))
}

function same(one: Stamp, other: Stamp): boolean {
  return compareGenerations(one, other) === 0 && one.sha256 === other.sha256
}
