-- Asks for leases of workers, keeps those the manager has, and gives some back.
-- ARGV: identity, the manager's id, its name, milliseconds of a lease, how many are asked for,
-- then key and 1 if the manager has had it all along for each, then the keys to give back.
-- Returns 1 and for each key asked for nothing, '?', or the name of who has it; or 0 and the name
-- of a manager that has another identity.
local prefix, identity, manager, name = KEYS[1] .. 'prb:lease:', ARGV[1], ARGV[2], ARGV[3]
local ttl, count = tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local first = redis.call('GET', prefix .. 'identity')
if first and string.sub(first, 1, #identity + 1) ~= identity .. ' ' then
  return {0, first}
end
redis.call('SET', prefix .. 'identity', identity .. ' ' .. name, 'PX', ttl * 2)
-- Since when Redis remembers: whoever had a lease before may still act on it for its time.
local since = redis.call('GET', prefix .. 'since')
if not since then
  since = now
  redis.call('SET', prefix .. 'since', since)
end
local settled = now - tonumber(since) >= ttl
local answer = {1}
for i = 6, 5 + 2 * count, 2 do
  local key, held = prefix .. ARGV[i], ARGV[i + 1] == '1'
  local holder = redis.call('GET', key)
  if holder and string.sub(holder, 1, #manager + 1) ~= manager .. ' ' then
    answer[#answer + 1] = string.sub(holder, string.find(holder, ' ', 1, true) + 1)
  elseif holder or held or settled then
    redis.call('SET', key, manager .. ' ' .. name, 'PX', ttl)
    answer[#answer + 1] = ''
  else
    answer[#answer + 1] = '?'
  end
end
for i = 6 + 2 * count, #ARGV do
  local holder = redis.call('GET', prefix .. ARGV[i])
  if holder and string.sub(holder, 1, #manager + 1) == manager .. ' ' then
    redis.call('DEL', prefix .. ARGV[i])
  end
end
return answer
