-- ARGV[2]: the row to store if there is none. ARGV[3]: a name of this reset. ARGV[4]: the version as listed, if there
-- was a row. The name makes a reset that is sent again, because its answer was lost, succeed once more.
if row and row.reset == ARGV[3] then
  return {1, text}
end
if not row and not ARGV[4] then
  row = cjson.decode(ARGV[2])
elseif row and row.version == tonumber(ARGV[4]) then
  local free = cjson.decode(ARGV[2])
  free.token = row.token
  free.version = row.version + 1
  row = free
else
  return {0, text or ''}
end
row.reset = ARGV[3]
return store()
