-- The job that was last put among the active ones. ARGV: most bytes of a job.
-- Returns id, job, bytes, with '' for a job of too many bytes; nothing if there is none.
local queue = KEYS[1]
local id = redis.call('LINDEX', queue .. 'active', 0)
local bytes = id and redis.call('HSTRLEN', queue .. 'jobs', id) or 0
if bytes == 0 then
  return false
end
return { id, bytes <= tonumber(ARGV[1]) and redis.call('HGET', queue .. 'jobs', id) or '', bytes }
