-- Jobs with where each stands. ARGV: most bytes of a job, then ids.
-- Returns job, bytes, state, claim for each; an unknown one has '' and 0 bytes.
local queue, max_bytes = KEYS[1], tonumber(ARGV[1])
local active
local function is_active(id)
  if not active then
    active = {}
    for _, other in ipairs(redis.call('LRANGE', queue .. 'active', 0, -1)) do
      active[other] = true
    end
  end
  return active[id]
end
local answer = {}
for i = 2, #ARGV do
  local id, state = ARGV[i], 'waiting'
  local bytes = redis.call('HSTRLEN', queue .. 'jobs', id)
  local claim = redis.call('HGET', queue .. 'prb:claims', id)
  if claim then
    state = 'active'
  elseif redis.call('SISMEMBER', queue .. 'succeeded', id) == 1 then
    state = 'succeeded'
  elseif redis.call('SISMEMBER', queue .. 'failed', id) == 1 then
    state = 'failed'
  elseif redis.call('ZSCORE', queue .. 'delayed', id) then
    state = 'delayed'
  elseif is_active(id) then
    state = 'active'
  end
  local read = bytes > 0 and bytes <= max_bytes
  answer[#answer + 1] = read and redis.call('HGET', queue .. 'jobs', id) or ''
  answer[#answer + 1] = bytes
  answer[#answer + 1] = state
  answer[#answer + 1] = claim or ''
end
return answer
