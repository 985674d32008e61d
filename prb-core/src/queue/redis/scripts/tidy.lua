-- Brings the order of ended jobs in line with a page of their set, which other programs change
-- too, and forgets the oldest ones. ARGV: 'succeeded' | 'failed', how many are kept, cursor.
-- Returns the next cursor.
local queue, state, keep = KEYS[1], ARGV[1], tonumber(ARGV[2])
-- First a command that a full Redis still allows; what follows it in a script is allowed too.
redis.call('SREM', queue .. state, '')
local order = queue .. 'prb:' .. state
local time = redis.call('TIME')
local page = redis.call('SSCAN', queue .. state, ARGV[3], 'COUNT', 500)
for _, id in ipairs(page[2]) do
  redis.call('ZADD', order, 'NX', time[1] * 1000000 + time[2], id)
end
for _, id in ipairs(redis.call('ZRANGE', order, 0, 499)) do
  if redis.call('SISMEMBER', queue .. state, id) == 0 then
    redis.call('ZREM', order, id)
  end
end
local over = redis.call('ZCARD', order) - keep
if over > 0 then
  for _, id in ipairs(redis.call('ZRANGE', order, 0, math.min(over, 1000) - 1)) do
    redis.call('ZREM', order, id)
    if redis.call('SREM', queue .. state, id) == 1 then
      redis.call('HDEL', queue .. 'jobs', id)
    end
  end
end
return page[1]
