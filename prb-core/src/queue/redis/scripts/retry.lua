-- Puts a failed job at the end of the waiting ones. ARGV: id, job. Returns 0 if it has not failed.
local queue, id = KEYS[1], ARGV[1]
if redis.call('SREM', queue .. 'failed', id) == 0 then
  return 0
end
redis.call('ZREM', queue .. 'prb:failed', id)
redis.call('HSET', queue .. 'jobs', id, ARGV[2])
redis.call('LPUSH', queue .. 'waiting', id)
return 1
