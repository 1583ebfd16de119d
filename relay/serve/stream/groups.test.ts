import { expect, it } from 'vitest'
import { open } from '../testing/rig.ts'
import { StreamBench } from '../testing/stream-bench.ts'
import { Groups } from './groups.ts'
import type { Group } from './groups.ts'

const document = {
  flags: { one: { variants: { a: 1, b: 2 }, serve: 'a', rules: [{ attribute: 'plan', equals: 'gold', serve: 'b' }] } },
}

it('a group is as long as somebody is in it: contexts that are gone cost nothing', () => {
  const bench = new StreamBench({ environments: [open(document)] })
  const [tenant] = bench.tenants.list()
  if (tenant === undefined) expect.unreachable()
  const { point } = bench.hubs.of(tenant)
  if (point === undefined) expect.unreachable()
  const groups = new Groups()
  const scope = groups.scopeOf({ tenant, scope: 'server', view: tenant.serverView, valueless: 'omit' })
  const enter = (plan: string, before?: Group): Group => {
    const group = groups.at(point, scope, { plan })
    groups.move(before, group)
    return group
  }
  const first = enter('gold')
  expect(enter('gold')).toBe(first)
  expect(first.members).toBe(2)
  groups.move(first, undefined)
  expect(first.members).toBe(1)
  // Entering again what one is in already neither ends nor doubles it.
  expect(enter('gold', first)).toBe(first)
  expect(first.members).toBe(1)
  const silver = enter('silver', first)
  expect(first.members).toBe(0)
  expect(groups.at(point, scope, { plan: 'silver' })).toBe(silver)
  expect(groups.at(point, scope, { plan: 'gold' })).not.toBe(first)
})
