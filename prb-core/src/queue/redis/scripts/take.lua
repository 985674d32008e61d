-- Raises the delayed jobs that are due and claims waiting ones, the oldest first; before them those
-- that blocking moves have brought. ARGV: owner, most jobs (1 to 256), most bytes of a job.
-- Returns milliseconds until the next delayed job is due or -1, and a list with id, job, bytes of
-- each; a job of too many bytes comes as ''.
--
-- Jobs are moved by commands that a full Redis still allows: working off is what makes room.
local queue, owner, most, max_bytes = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local function next_due()
  return tonumber(redis.call('ZRANGE', queue .. 'delayed', 0, 0, 'WITHSCORES')[2])
end

local until_due, at = -1, next_due()
if at then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  if at <= now then
    local due = redis.call('ZRANGEBYSCORE', queue .. 'delayed', '-inf', now, 'LIMIT', 0, 1000)
    redis.call('ZREM', queue .. 'delayed', unpack(due))
    redis.call('LPUSH', queue .. 'waiting', unpack(due))
    at = next_due()
  end
  until_due = at and math.max(0, math.ceil(at - now)) or -1
end

-- The oldest of a list stands at its end.
local ids, answer = {}, {}
for _, list in ipairs({ 'prb:moved', 'waiting' }) do
  local room = most - #ids
  local oldest = room > 0 and redis.call('LRANGE', queue .. list, -room, -1) or {}
  if #oldest > 0 then
    redis.call('LTRIM', queue .. list, 0, -#oldest - 1)
    for i = #oldest, 1, -1 do
      ids[#ids + 1] = oldest[i]
    end
  end
end
if #ids == 0 then
  return { until_due, answer }
end
redis.call('LPUSH', queue .. 'active', unpack(ids))
local small, claims, jobs = {}, {}, {}
for _, id in ipairs(ids) do
  local bytes = redis.call('HSTRLEN', queue .. 'jobs', id)
  if bytes == 0 then
    -- Removed while it waited.
    redis.call('LREM', queue .. 'active', 1, id)
  else
    claims[#claims + 1] = id
    claims[#claims + 1] = owner
    if bytes <= max_bytes then
      small[#small + 1] = id
    end
    answer[#answer + 1] = id
    answer[#answer + 1] = ''
    answer[#answer + 1] = bytes
  end
end
if #claims > 0 then
  redis.call('HSET', queue .. 'prb:claims', unpack(claims))
end
if #small > 0 then
  for n, job in ipairs(redis.call('HMGET', queue .. 'jobs', unpack(small))) do
    jobs[small[n]] = job
  end
  for i = 1, #answer, 3 do
    answer[i + 1] = jobs[answer[i]] or ''
  end
end
return { until_due, answer }
