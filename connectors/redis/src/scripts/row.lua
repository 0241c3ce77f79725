-- KEYS[1]: the leases of an application, a hash from shard to row. ARGV[1]: the shard.
-- A script answers nothing where there is no row, else whether it was done, and the row as it is now.
local text = redis.call('HGET', KEYS[1], ARGV[1])
local row = text and cjson.decode(text)

local function held()
  return row.owner == ARGV[2] and row.token == tonumber(ARGV[3])
end

local function refused()
  return {0, text}
end

local function store()
  text = cjson.encode(row)
  redis.call('HSET', KEYS[1], ARGV[1], text)
  return {1, text}
end
