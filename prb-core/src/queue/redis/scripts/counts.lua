-- How many jobs are in each state at one moment: waiting, active, delayed, succeeded, failed.
local queue = KEYS[1]
return {
  redis.call('LLEN', queue .. 'waiting') + redis.call('LLEN', queue .. 'prb:moved'),
  redis.call('LLEN', queue .. 'active'),
  redis.call('ZCARD', queue .. 'delayed'),
  redis.call('SCARD', queue .. 'succeeded'),
  redis.call('SCARD', queue .. 'failed'),
}
