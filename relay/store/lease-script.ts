/**
 * The scripts of the lease. Taking, renewing and giving it up compare and set inside Redis; between a read and a write of
 * ours, two replicas could both believe that they lead.
 *
 * Three keys of one slot:
 *   lease        hash that expires: token, beat (grows with each renewal), holder, report (what the leader says of itself)
 *   fence        hash that stays: the highest token ever issued, and the floor (see `settlement.ts`)
 *   generations  the documents; the newest one's name is told along, so that one command shows all there is to know
 */
import { STORED_IN_LUA } from './redis-script.ts'

/**
 * KEYS: lease, fence, generations. ARGV: holder, own token (0: none), milliseconds to live, whether to hold it ('1'),
 * report, highest token this replica has ever heard of, floor as `epoch.version.sha256` or nothing, the mark
 * `token.beat.holder` of a lease known to be dead or nothing. Returns holder, token, beat, milliseconds left, report, newest field, floor, and 1 when it is ours.
 */
export const TEND_SCRIPT: string = `${STORED_IN_LUA}
local held = redis.call('HMGET', KEYS[1], 'holder', 'token', 'beat', 'report')
local holder, token, beat, report = held[1], tonumber(held[2] or '0'), tonumber(held[3] or '0'), held[4] or ''
local fence = tonumber(redis.call('HGET', KEYS[2], 'token') or '0')
local me, own = ARGV[1], tonumber(ARGV[2])
local mine = false
if ARGV[4] == '1' then
  mine = holder == me and token == own
  -- A replica whose environment was reconfigured succeeds itself; one that was succeeded does not take it back.
  local free = not holder or (holder == me and own == 0) or ARGV[8] == token .. '.' .. beat .. '.' .. holder
  if mine then
    beat = beat + 1
  elseif free then
    holder, token, beat = me, math.max(fence, tonumber(ARGV[6])) + 1, 1
    mine = true
  end
  if mine then
    report = ARGV[5]
    if token > fence then redis.call('HSET', KEYS[2], 'token', string.format('%.0f', token)) end
    redis.call('HSET', KEYS[1], 'holder', holder, 'token', string.format('%.0f', token), 'beat', beat, 'report', report)
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
  end
end
local floor = redis.call('HGET', KEYS[2], 'floor') or ''
if ARGV[7] ~= '' then
  local function order(text)
    local epoch, version = string.match(text, '^(%d+)%.(%d+)%.%x+$')
    if not epoch then return nil end
    return tonumber(epoch), tonumber(version)
  end
  local epoch, version = order(ARGV[7])
  local thatEpoch, thatVersion = order(floor)
  if not thatEpoch or epoch > thatEpoch or (epoch == thatEpoch and version >= thatVersion) then
    floor = ARGV[7]
    redis.call('HSET', KEYS[2], 'floor', floor)
  end
end
local stored = storedIn(KEYS[3])
local newest = stored[1] and stored[1].field or ''
return { holder or '', token, beat, redis.call('PTTL', KEYS[1]), report, newest, floor, mine and 1 or 0 }
`

/** KEYS: lease. ARGV: holder, token. Returns 1 when it was given up, 0 when it was another's. */
export const RELEASE_SCRIPT = `
local held = redis.call('HMGET', KEYS[1], 'holder', 'token')
if held[1] == ARGV[1] and held[2] == ARGV[2] then return redis.call('DEL', KEYS[1]) end
return 0
`
