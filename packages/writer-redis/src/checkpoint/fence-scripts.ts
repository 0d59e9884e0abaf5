/** Takes the fence from the holder that was seen. */
export const acquireScript = `local r=redis.call('HGET',KEYS[1],'run') or ''
if r~=ARGV[1] then return 'changed' end
redis.call('HSET',KEYS[1],'run',ARGV[2],'owner',ARGV[3]) return 'ok'`

/**
 * Replaces the whole hash, by the run that has the fence: how many splits are compared, pairs of split and sequence, then
 * pairs of field and value. A call that was applied and is repeated, because its answer was lost, is recognised. The hash
 * is never empty meanwhile: while its slot is on its way to another node, a key that is not there could not be made here.
 */
export const replaceScript = `local r=redis.call('HGET',KEYS[1],'run')
if not r and redis.call('HGET',KEYS[1],'ended')==ARGV[1] then return 'ok' end
if r~=ARGV[1] then return r and 'fenced '..(redis.call('HGET',KEYS[1],'owner') or r) or 'gone' end
local n=2+2*tonumber(ARGV[2])
for i=3,n,2 do
if redis.call('HGET',KEYS[1],'sequence:'..ARGV[i])~=ARGV[i+1] then return 'rewound' end end
local kept={}
for i=n+1,#ARGV,2 do
kept[ARGV[i]]=true redis.call('HSET',KEYS[1],ARGV[i],ARGV[i+1]) end
local found=redis.call('HGETALL',KEYS[1])
for i=1,#found,2 do
if not kept[found[i]] then redis.call('HDEL',KEYS[1],found[i]) end end return 'ok'`

/** Puts one field in the place of what stands there, by the run that has the fence. */
export const amendScript = `local r=redis.call('HGET',KEYS[1],'run')
if r~=ARGV[1] then return r and 'fenced '..(redis.call('HGET',KEYS[1],'owner') or r) or 'gone' end
redis.call('HSET',KEYS[1],ARGV[2],ARGV[3]) return 'ok'`

/** Gives the fence back, if it is this run's. */
export const releaseScript = `if redis.call('HGET',KEYS[1],'run')==ARGV[1] then
redis.call('HDEL',KEYS[1],'run','owner') end return 'ok'`
