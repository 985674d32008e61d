-- Ends claimed jobs, or puts them back to be tried again later.
-- ARGV: owner, how many succeeded and how many failed jobs are kept, then for each: id, job as it
-- is now, 'succeeded' | 'failed' | 'retrying', event, delay in ms.
-- Returns 1 for each, or 0 for one that the owner has not claimed.
local queue, owner = KEYS[1], ARGV[1]
local ids = {}
for i = 4, #ARGV, 5 do
  ids[#ids + 1] = ARGV[i]
end
local claims = redis.call('HMGET', queue .. 'prb:claims', unpack(ids))
local answer, known = {}, {}
for n, id in ipairs(ids) do
  if claims[n] and string.sub(claims[n], 1, #owner) == owner then
    known[#known + 1] = id
  else
    -- The same answer when it is asked twice because the first answer was lost.
    answer[n] = redis.call('HGET', queue .. 'jobs', id) == ARGV[5 * n] and 1 or 0
    claims[n] = false
  end
end
if #known == 0 then
  return answer
end
redis.call('HDEL', queue .. 'prb:claims', unpack(known))

-- Few are looked for one by one, in a list that may be long; many are left out of all.
local removed = {}
if #known >= 16 and redis.call('LLEN', queue .. 'active') <= 16 * #known then
  local leaves, stay = {}, {}
  for _, id in ipairs(known) do
    leaves[id] = true
  end
  for _, id in ipairs(redis.call('LRANGE', queue .. 'active', 0, -1)) do
    if leaves[id] then
      removed[id] = true
    else
      stay[#stay + 1] = id
    end
  end
  redis.call('DEL', queue .. 'active')
  for first = 1, #stay, 1000 do
    redis.call('RPUSH', queue .. 'active', unpack(stay, first, math.min(first + 999, #stay)))
  end
else
  for _, id in ipairs(known) do
    -- The one that has been active longest is at the tail.
    removed[id] = redis.call('LREM', queue .. 'active', -1, id) == 1
  end
end

local jobs = {}
for n, id in ipairs(ids) do
  if claims[n] then
    answer[n] = removed[id] and 1 or 0
    if removed[id] then
      jobs[#jobs + 1] = id
      jobs[#jobs + 1] = ARGV[5 * n]
    end
  end
end
if #jobs == 0 then
  return answer
end
redis.call('SREM', queue .. 'stalling', unpack(known))
redis.call('HSET', queue .. 'jobs', unpack(jobs))

local time = redis.call('TIME')
local ended = { succeeded = {}, failed = {} }
for n, id in ipairs(ids) do
  local state, delay = ARGV[5 * n + 1], tonumber(ARGV[5 * n + 3])
  if not claims[n] or answer[n] == 0 then
    -- Not ours to end.
  elseif state ~= 'retrying' then
    table.insert(ended[state], id)
  elseif delay == 0 then
    redis.call('LPUSH', queue .. 'waiting', id)
  else
    local due = time[1] * 1000 + math.floor(time[2] / 1000) + delay
    redis.call('ZADD', queue .. 'delayed', due, id)
    if redis.call('ZRANGE', queue .. 'delayed', 0, 0)[1] == id then
      redis.call('PUBLISH', queue .. 'earlierDelayed', string.format('%d', due))
    end
  end
end

local keep = { succeeded = tonumber(ARGV[2]), failed = tonumber(ARGV[3]) }
for state, some in pairs(ended) do
  if #some > 0 then
    redis.call('SADD', queue .. state, unpack(some))
    -- The set has no order, so ours stands beside it.
    local order, scored = queue .. 'prb:' .. state, {}
    local now = time[1] .. string.format('%06d', time[2])
    for n, id in ipairs(some) do
      scored[2 * n - 1] = now
      scored[2 * n] = id
    end
    redis.call('ZADD', order, unpack(scored))
    local over = redis.call('ZCARD', order) - keep[state]
    -- Some at once.
    if over > keep[state] / 20 then
      local oldest, forgotten = redis.call('ZPOPMIN', order, math.min(over, 1000)), {}
      for n = 1, #oldest, 2 do
        if redis.call('SREM', queue .. state, oldest[n]) == 1 then
          forgotten[#forgotten + 1] = oldest[n]
        end
      end
      if #forgotten > 0 then
        redis.call('HDEL', queue .. 'jobs', unpack(forgotten))
      end
    end
  end
end
for n in ipairs(ids) do
  if claims[n] and answer[n] == 1 then
    redis.call('PUBLISH', queue .. 'events', ARGV[5 * n + 2])
  end
end
return answer
