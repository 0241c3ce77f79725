-- KEYS[1]: what is left of a limit. ARGV: the limit for each second, how much a full one holds, what is wanted; each
-- as records, bytes. ARGV[7]: milliseconds until an empty one is full again, which is when the key may go.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local left = redis.call('HMGET', KEYS[1], 'records', 'bytes', 'at')
-- A clock that was set back refills nothing.
local seconds = math.max(0, now - (tonumber(left[3]) or now)) / 1000000

local function take(kind)
  local full = tonumber(ARGV[kind + 2])
  local now_left = math.min(full, (tonumber(left[kind]) or full) + tonumber(ARGV[kind]) * seconds)
  local granted = math.min(now_left, tonumber(ARGV[kind + 4]))
  return string.format('%.17g', granted), string.format('%.17g', now_left - granted)
end

local records, records_left = take(1)
local bytes, bytes_left = take(2)
redis.call('HSET', KEYS[1], 'records', records_left, 'bytes', bytes_left, 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return {records, bytes}
