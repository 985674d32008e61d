-- Adds jobs at the end, each unless the queue is full or the job is there already because it was
-- sent twice. ARGV: most unfinished jobs, then id, job for each.
-- Returns 1 for each that was added, 0 for one that is there, -1 for one without room.
local queue = KEYS[1]
local limit = tonumber(ARGV[1])
-- Mostly there is room even if no job at all had ended.
local room = limit - redis.call('HLEN', queue .. 'jobs')
if room < (#ARGV - 1) / 2 then
  room = limit
    - redis.call('LLEN', queue .. 'waiting')
    - redis.call('LLEN', queue .. 'active')
    - redis.call('ZCARD', queue .. 'delayed')
end
local answer, added = {}, {}
for i = 2, #ARGV, 2 do
  local id = ARGV[i]
  if room <= 0 then
    answer[#answer + 1] = redis.call('HEXISTS', queue .. 'jobs', id) - 1
  elseif redis.call('HSETNX', queue .. 'jobs', id, ARGV[i + 1]) == 1 then
    room = room - 1
    added[#added + 1] = id
    answer[#answer + 1] = 1
  else
    answer[#answer + 1] = 0
  end
end
if #added > 0 then
  redis.call('LPUSH', queue .. 'waiting', unpack(added))
end
return answer
