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

local until_due = -1
if redis.call('ZCARD', queue .. 'delayed') > 0 then
  local time = redis.call('TIME')
  local at, now = next_due(), time[1] * 1000 + math.floor(time[2] / 1000)
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
local moved = redis.call('RPOP', queue .. 'prb:moved')
while moved do
  ids[#ids + 1] = moved
  moved = #ids < most and redis.call('RPOP', queue .. 'prb:moved')
end
if #ids < most and redis.call('LLEN', queue .. 'waiting') > 0 then
  local oldest = redis.call('LRANGE', queue .. 'waiting', #ids - most, -1)
  redis.call('LTRIM', queue .. 'waiting', 0, -#oldest - 1)
  for i = #oldest, 1, -1 do
    ids[#ids + 1] = oldest[i]
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
