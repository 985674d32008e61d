-- Raises the delayed jobs that are due and claims waiting ones, the oldest first.
-- ARGV: owner, most jobs (1 to 256), most bytes of a job, a job that a blocking move has already
-- put among the active ones or ''. Returns milliseconds until the next delayed job is due or -1,
-- and a list with id, job, bytes of each; a job of too many bytes comes as ''.
--
-- Jobs are moved by commands that a full Redis still allows: working off is what makes room.
local queue, owner, most, max_bytes = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local due = redis.call('ZRANGEBYSCORE', queue .. 'delayed', '-inf', now, 'LIMIT', 0, 1000)
if #due > 0 then
  redis.call('ZREM', queue .. 'delayed', unpack(due))
  redis.call('LPUSH', queue .. 'waiting', unpack(due))
end

local ids = {}
if ARGV[4] ~= '' and redis.call('HEXISTS', queue .. 'prb:claims', ARGV[4]) == 0 then
  -- It may have been found to be stalled meanwhile, and taken by another. The move put it at the
  -- head, and little has come since.
  for first = 0, redis.call('LLEN', queue .. 'active') - 1, 16 do
    for _, id in ipairs(redis.call('LRANGE', queue .. 'active', first, first + 15)) do
      if id == ARGV[4] then
        ids[1] = ARGV[4]
        break
      end
    end
    if ids[1] then
      break
    end
  end
end
local room = most - #ids
if room > 0 then
  local waiting = redis.call('LRANGE', queue .. 'waiting', -room, -1)
  if #waiting > 0 then
    redis.call('LTRIM', queue .. 'waiting', 0, -#waiting - 1)
    local oldest_first = {}
    for i = #waiting, 1, -1 do
      ids[#ids + 1] = waiting[i]
      oldest_first[#oldest_first + 1] = waiting[i]
    end
    redis.call('LPUSH', queue .. 'active', unpack(oldest_first))
  end
end

local next_due = redis.call('ZRANGE', queue .. 'delayed', 0, 0, 'WITHSCORES')[2]
local until_due = next_due and math.max(0, math.ceil(tonumber(next_due) - now)) or -1
local answer = {}
if #ids == 0 then
  return { until_due, answer }
end
redis.call('SREM', queue .. 'stalling', unpack(ids))
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
