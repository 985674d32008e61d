-- Ends a claimed job, or puts it back to be tried again later.
-- ARGV: owner, id, job as it is now, 'succeeded' | 'failed' | 'retrying', event, how many ended
-- jobs are kept, delay in ms. Returns 0 if the owner has not claimed the job.
local queue, owner, id, job, state = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local claim = redis.call('HGET', queue .. 'prb:claims', id)
if not claim or string.sub(claim, 1, #owner) ~= owner then
  -- The same answer when it is asked twice because the first answer was lost.
  return redis.call('HGET', queue .. 'jobs', id) == job and 1 or 0
end
redis.call('HDEL', queue .. 'prb:claims', id)
-- The one that has been active longest is at the tail.
if redis.call('LREM', queue .. 'active', -1, id) == 0 then
  return 0
end
redis.call('SREM', queue .. 'stalling', id)
redis.call('HSET', queue .. 'jobs', id, job)

local time = redis.call('TIME')
if state == 'retrying' then
  local delay = tonumber(ARGV[7])
  if delay == 0 then
    redis.call('LPUSH', queue .. 'waiting', id)
  else
    local due = time[1] * 1000 + math.floor(time[2] / 1000) + delay
    redis.call('ZADD', queue .. 'delayed', due, id)
    if redis.call('ZRANGE', queue .. 'delayed', 0, 0)[1] == id then
      redis.call('PUBLISH', queue .. 'earlierDelayed', string.format('%d', due))
    end
  end
else
  redis.call('SADD', queue .. state, id)
  -- The set has no order, so ours stands beside it.
  local order = queue .. 'prb:' .. state
  redis.call('ZADD', order, time[1] * 1000000 + time[2], id)
  local over = redis.call('ZCARD', order) - tonumber(ARGV[6])
  if over > 0 then
    for _, old in ipairs(redis.call('ZRANGE', order, 0, math.min(over, 100) - 1)) do
      redis.call('ZREM', order, old)
      if redis.call('SREM', queue .. state, old) == 1 then
        redis.call('HDEL', queue .. 'jobs', old)
      end
    end
  end
end
redis.call('PUBLISH', queue .. 'events', ARGV[5])
return 1
