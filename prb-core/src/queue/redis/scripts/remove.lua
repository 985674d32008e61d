-- Forgets a job that nobody works on. ARGV: id. Returns 0 if there is none.
local queue, id = KEYS[1], ARGV[1]
if redis.call('HEXISTS', queue .. 'jobs', id) == 0
  or redis.call('HEXISTS', queue .. 'prb:claims', id) == 1 then
  return 0
end
for _, active in ipairs(redis.call('LRANGE', queue .. 'active', 0, -1)) do
  if active == id then
    return 0
  end
end
redis.call('LREM', queue .. 'waiting', 0, id)
redis.call('ZREM', queue .. 'delayed', id)
for _, state in ipairs({ 'succeeded', 'failed' }) do
  redis.call('SREM', queue .. state, id)
  redis.call('ZREM', queue .. 'prb:' .. state, id)
end
redis.call('SREM', queue .. 'stalling', id)
redis.call('HDEL', queue .. 'jobs', id)
return 1
