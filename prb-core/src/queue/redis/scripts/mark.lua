-- Rewrites claimed jobs, all or none. ARGV: owner, then id, job for each.
-- Returns 0, or the place of the first one that the owner has not claimed.
local queue, owner = KEYS[1], ARGV[1]
for i = 2, #ARGV, 2 do
  local claim = redis.call('HGET', queue .. 'prb:claims', ARGV[i])
  if not claim or string.sub(claim, 1, #owner) ~= owner then
    return i / 2
  end
end
for i = 2, #ARGV, 2 do
  -- First a command that a full Redis still allows; what follows it in a script is allowed too.
  redis.call('SREM', queue .. 'stalling', ARGV[i])
  redis.call('HSET', queue .. 'jobs', ARGV[i], ARGV[i + 1])
end
return 0
