-- KEYS[1]: the start of an application. ARGV[1]: the one to record if there is none.
redis.call('SETNX', KEYS[1], ARGV[1])
return redis.call('GET', KEYS[1])
