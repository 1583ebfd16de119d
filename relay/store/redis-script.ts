/**
 * The script that writes generations. Compare and set happen inside Redis, because between a read and a write of
 * ours another replica may have saved something newer, and an older document must never come back.
 *
 * A hash per environment; a field per generation, named `<epoch>.<version>.<sha256>.<stored length>`, so that order and
 * completeness are known without reading megabytes.
 */

/** One field name, taken apart. */
export interface FieldName {
  readonly field: string
  readonly epoch: number
  readonly version: number
  readonly sha256: string
  readonly length: number
}

/** The name of a generation's field; `length` is that of the stored value in bytes. */
export function fieldName(epoch: number, version: number, sha256: string, length: number): string {
  return `${epoch}.${version}.${sha256}.${length}`
}

/** Undefined for names that are not ours. */
export function parseFieldName(field: string): FieldName | undefined {
  const match = /^(\d{1,16})\.(\d{1,16})\.([0-9a-f]{64})\.(\d{1,16})$/.exec(field)
  if (match === null) return undefined
  const [, epoch, version, sha256 = '', length] = match
  return { field, epoch: Number(epoch), version: Number(version), sha256, length: Number(length) }
}

/** Shared by all scripts: the whole generations of a hash, newest first. Half-written ones do not count. */
export const STORED_IN_LUA: string = `
local function parse(field)
  local epoch, version, sha, length = string.match(field, '^(%d+)%.(%d+)%.(%x+)%.(%d+)$')
  if not epoch then return nil end
  return { field = field, epoch = tonumber(epoch), version = tonumber(version), sha = sha, length = tonumber(length) }
end
local function storedIn(key)
  local stored, broken = {}, {}
  for _, field in ipairs(redis.call('HKEYS', key)) do
    local each = parse(field)
    if each and redis.call('HSTRLEN', key, field) ~= each.length then
      broken[#broken + 1] = field
    elseif each then
      stored[#stored + 1] = each
    end
  end
  table.sort(stored, function(a, b)
    if a.epoch ~= b.epoch then return a.epoch > b.epoch end
    if a.version ~= b.version then return a.version > b.version end
    return a.field > b.field
  end)
  return stored, broken
end
`

/**
 * KEYS: the hash of generations, the hash with the highest fencing token. ARGV: field, value, how many to keep, fencing
 * token or nothing. Returns 1 when saved, 0 when something newer is there, -1 when the token is not the newest; a token
 * of 0 is that of a replica without a lease, which may put something where nothing is and no more.
 */
export const SAVE_SCRIPT: string = `${STORED_IN_LUA}
local mine = parse(ARGV[1])
local stored, broken = storedIn(KEYS[1])
for _, field in ipairs(broken) do redis.call('HDEL', KEYS[1], field) end
if ARGV[4] == '0' and #stored > 0 then
  if stored[1].field == ARGV[1] then return 1 end
  return -1
end
if ARGV[4] ~= '' and ARGV[4] ~= '0' and tonumber(ARGV[4]) < tonumber(redis.call('HGET', KEYS[2], 'token') or '0') then
  return -1
end
for _, each in ipairs(stored) do
  local same = each.epoch == mine.epoch and each.version == mine.version
  if each.epoch > mine.epoch or (each.epoch == mine.epoch and each.version > mine.version) then return 0 end
  if same and each.sha ~= mine.sha then return 0 end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local kept = 1
for _, each in ipairs(stored) do
  if each.field ~= ARGV[1] then
    local same = each.epoch == mine.epoch and each.version == mine.version
    if same or kept >= tonumber(ARGV[3]) then
      redis.call('HDEL', KEYS[1], each.field)
    else
      kept = kept + 1
    end
  end
end
return 1
`
