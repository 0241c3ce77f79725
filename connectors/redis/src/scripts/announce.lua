-- KEYS[1]: the workers of an application, a hash from worker to row. ARGV[1]: the worker. ARGV[2]: its most shards.
local text = redis.call('HGET', KEYS[1], ARGV[1])
local version = text and cjson.decode(text).version or 0
local row = {version = version + 1, max_shards = tonumber(ARGV[2])}
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(row))
