-- Puts jobs back that a blocking move brought and no script claimed, which follows in the same
-- packet, and those that were active at the last check and of which nobody has said since that they
-- are worked on; they come before all others, in their order. ARGV: least ms between two checks of
-- all who share the queue. Returns the ids.
local queue = KEYS[1]
-- First a command that a full Redis still allows; what follows it in a script is allowed too.
redis.call('SREM', queue .. 'stalling', '')
if not redis.call('SET', queue .. 'stallBlock', '1', 'PX', ARGV[1], 'NX') then
  return {}
end
local stalling, back = {}, {}
for _, id in ipairs(redis.call('SMEMBERS', queue .. 'stalling')) do
  stalling[id] = true
end
redis.call('DEL', queue .. 'stalling')
local active, claimed = redis.call('LRANGE', queue .. 'active', 0, -1), {}
-- The newest active one is at the head; the last one pushed is taken next.
for _, id in ipairs(active) do
  if stalling[id] then
    redis.call('LREM', queue .. 'active', 0, id)
    redis.call('HDEL', queue .. 'prb:claims', id)
    redis.call('RPUSH', queue .. 'waiting', id)
    back[#back + 1] = id
  else
    claimed[id] = true
    redis.call('SADD', queue .. 'stalling', id)
  end
end
local moved = redis.call('LRANGE', queue .. 'prb:moved', 0, -1)
redis.call('DEL', queue .. 'prb:moved')
for _, id in ipairs(moved) do
  redis.call('RPUSH', queue .. 'waiting', id)
  back[#back + 1] = id
end
-- A job that another program removed or put back leaves its claim behind.
for _, id in ipairs(redis.call('HKEYS', queue .. 'prb:claims')) do
  if not claimed[id] then
    redis.call('HDEL', queue .. 'prb:claims', id)
  end
end
return back
