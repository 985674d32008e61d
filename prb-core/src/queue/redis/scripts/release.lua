-- Puts a claimed job back as it was taken: before all others, or delayed.
-- ARGV: owner, id, delay in ms. Returns 0 if the owner has not claimed the job.
local queue, owner, id, delay = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local claim = redis.call('HGET', queue .. 'prb:claims', id)
if not claim or string.sub(claim, 1, #owner) ~= owner then
  return 0
end
redis.call('HDEL', queue .. 'prb:claims', id)
if redis.call('LREM', queue .. 'active', -1, id) == 0 then
  return 0
end
redis.call('SREM', queue .. 'stalling', id)
if delay == 0 then
  redis.call('RPUSH', queue .. 'waiting', id)
else
  local time = redis.call('TIME')
  local due = time[1] * 1000 + math.floor(time[2] / 1000) + delay
  redis.call('ZADD', queue .. 'delayed', due, id)
  if redis.call('ZRANGE', queue .. 'delayed', 0, 0)[1] == id then
    redis.call('PUBLISH', queue .. 'earlierDelayed', string.format('%d', due))
  end
end
return 1
