-- ARGV[2], ARGV[3]: owner and token of the lease. ARGV[4]: the worker to release to, if there is one.
if not row then
  return false
end
if not held() then
  return refused()
end
row.owner = ARGV[4]
row.version = row.version + 1
row.handoff = nil
return store()
