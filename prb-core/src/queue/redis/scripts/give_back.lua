-- Puts a job back that a blocking move brought when nobody waited for it any more. ARGV: id.
local queue, id = KEYS[1], ARGV[1]
if redis.call('HEXISTS', queue .. 'prb:claims', id) == 0
  and redis.call('LREM', queue .. 'active', 1, id) == 1 then
  redis.call('RPUSH', queue .. 'waiting', id)
end
return 1
