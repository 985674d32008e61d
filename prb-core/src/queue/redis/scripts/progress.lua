-- Tells how far a claimed job has come. ARGV: owner, id, progress, event.
-- Returns 0 if the owner has not claimed the job.
local queue, owner, id = KEYS[1], ARGV[1], ARGV[2]
local claim = redis.call('HGET', queue .. 'prb:claims', id)
if not claim or string.sub(claim, 1, #owner) ~= owner then
  return 0
end
redis.call('SREM', queue .. 'stalling', id)
redis.call('HSET', queue .. 'prb:claims', id, owner .. ' ' .. ARGV[3])
redis.call('PUBLISH', queue .. 'events', ARGV[4])
return 1
