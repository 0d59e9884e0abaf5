/** Takes the fence from the holder that was seen. */
export const acquireScript = `local r=redis.call('HGET',KEYS[1],'run') or ''
if r~=ARGV[1] then return 'changed' end
redis.call('HSET',KEYS[1],'run',ARGV[2],'owner',ARGV[3]) return 'ok'`

/**
 * Replaces the whole hash, by the run that has the fence: how many splits are compared, pairs of split and sequence, then
 * pairs of field and value. A call that was applied and is repeated, because its answer was lost, is recognised.
 */
export const replaceScript = `local r=redis.call('HGET',KEYS[1],'run')
if not r and redis.call('HGET',KEYS[1],'ended')==ARGV[1] then return 'ok' end
if r~=ARGV[1] then return r and 'fenced '..(redis.call('HGET',KEYS[1],'owner') or r) or 'gone' end
local n=2+2*tonumber(ARGV[2])
for i=3,n,2 do
if redis.call('HGET',KEYS[1],'sequence:'..ARGV[i])~=ARGV[i+1] then return 'rewound' end end
redis.call('DEL',KEYS[1])
for i=n+1,#ARGV,2 do redis.call('HSET',KEYS[1],ARGV[i],ARGV[i+1]) end return 'ok'`

/** Puts one field in the place of what stands there, by the run that has the fence. */
export const amendScript = `local r=redis.call('HGET',KEYS[1],'run')
if r~=ARGV[1] then return r and 'fenced '..(redis.call('HGET',KEYS[1],'owner') or r) or 'gone' end
redis.call('HSET',KEYS[1],ARGV[2],ARGV[3]) return 'ok'`

/** Gives the fence back, if it is this run's. */
export const releaseScript = `if redis.call('HGET',KEYS[1],'run')==ARGV[1] then
redis.call('HDEL',KEYS[1],'run','owner') end return 'ok'`
