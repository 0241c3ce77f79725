-- ARGV[2], ARGV[3]: owner and token of the lease. ARGV[4], ARGV[5]: the order and the text of a checkpoint, or neither.
if not row then
  return false
end
if not held() or (ARGV[4] and ARGV[4] < row.order) then
  return refused()
end
if ARGV[4] and ARGV[4] > row.order then
  row.order = ARGV[4]
  row.checkpoint = cjson.decode(ARGV[5])
end
row.version = row.version + 1
return store()
