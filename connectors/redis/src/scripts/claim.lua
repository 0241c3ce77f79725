-- ARGV[2]: the claimer. ARGV[3]: the row to store if there is none. ARGV[4]: the version that expired, if one did.
if not row then
  text = ARGV[3]
  redis.call('HSET', KEYS[1], ARGV[1], text)
  return {1, text}
end
local free = not row.owner or row.owner == ARGV[2]
if row.order == '4' or not (free or row.version == tonumber(ARGV[4])) then
  return refused()
end
row.owner = ARGV[2]
row.token = row.token + 1
row.version = row.version + 1
row.handoff = nil
return store()
