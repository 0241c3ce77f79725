-- KEYS[1]: the workers of an application. ARGV[1]: the worker. ARGV[2]: its version as listed.
local text = redis.call('HGET', KEYS[1], ARGV[1])
if text and cjson.decode(text).version == tonumber(ARGV[2]) then
  redis.call('HDEL', KEYS[1], ARGV[1])
end
