-- Adds a job at the end, unless the queue is full or the job is there already because it was
-- sent twice. ARGV: id, job, most unfinished jobs.
local queue, id = KEYS[1], ARGV[1]
if redis.call('HEXISTS', queue .. 'jobs', id) == 1 then
  return 0
end
local unfinished = redis.call('LLEN', queue .. 'waiting')
  + redis.call('LLEN', queue .. 'active')
  + redis.call('ZCARD', queue .. 'delayed')
if unfinished >= tonumber(ARGV[3]) then
  return -1
end
redis.call('HSET', queue .. 'jobs', id, ARGV[2])
redis.call('LPUSH', queue .. 'waiting', id)
return 1
