-- ARGV[2], ARGV[3]: owner and token as listed. ARGV[4]: the worker that asks.
-- The version stays: a request proves nothing about the life of the owner.
if not row then
  return false
end
if not held() or row.owner == ARGV[4] or row.order == '4' then
  return refused()
end
row.handoff = row.handoff or ARGV[4]
if row.handoff ~= ARGV[4] then
  return refused()
end
return store()
