-- One request asks for leave to a company. Everything is in microseconds of this server's clock.
-- The arithmetic is that of `service::budget`'s meter; what every process has under way is kept beside it.
local memory, born = KEYS[1], KEYS[2]
local spacing, batch_spacing, early, at_once, ahead, call_timeout, recovery =
  tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local is_batch, under_way, me = ARGV[8] == '1', tonumber(ARGV[9]), 'p:' .. ARGV[10]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function whole(number) return string.format('%.0f', number) end

local known, state = redis.call('HGETALL', memory), {}
local all = under_way
for i = 1, #known, 2 do
  local field, value = known[i], known[i + 1]
  if string.sub(field, 1, 2) ~= 'p:' then
    state[field] = tonumber(value)
  elseif field ~= me then
    local count, seen = string.match(value, '^(%d+):(%d+)$')
    if now - tonumber(seen) < call_timeout then
      all = all + tonumber(count)
    else
      redis.call('HDEL', memory, field)
    end
  end
end

local next_at, next_batch = state.next, state.next_batch
local closed, strain, strained_at = state.closed or 0, (state.strain or 1000) / 1000, state.strained_at or 0
if not next_at or not next_batch or next_at > now + recovery or next_batch > now + recovery then
  -- Nobody spoke to the company lately, or this server forgot: while it is young, as if somebody had just now.
  local since = tonumber(redis.call('GET', born) or '')
  if not since or since > now then
    since = now
    redis.call('SET', born, whole(now))
  end
  local up = string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)')
  since = math.max(since, now - tonumber(up) * 1000000)
  next_at = math.max(now, since + ahead + 2 * spacing)
  next_batch = math.max(now, since + ahead + batch_spacing + spacing)
end

if strain > 1 then
  strain = 1 + (strain - 1) * math.max(0, 1 - math.max(0, now - strained_at) / recovery)
end
local slot = math.max(now, next_at - early, closed)
local at = slot
if is_batch then at = math.max(slot, next_batch - spacing) end
-- A batch takes the next moment that is given away: those before a later one would be lost to the others. It asks again when
-- they are given away, too.
local granted = at - now <= ahead and at <= slot and all < at_once
if granted then
  next_at = math.max(next_at, at) + spacing * strain
  if is_batch then next_batch = math.max(next_batch, at) + batch_spacing * strain end
  under_way = under_way + 1
end
redis.call('HSET', memory, 'next', whole(next_at), 'next_batch', whole(next_batch), me, under_way .. ':' .. whole(now))
local forget = math.max(now + call_timeout, next_at, next_batch, closed)
if strain > 1 then forget = math.max(forget, strained_at + recovery) end
redis.call('PEXPIRE', memory, whole((forget - now) / 1000 + 5000))
if granted then return { 1, whole(at - now), whole(at) } end
if all >= at_once then return { 0, whole(math.max(at - now, 20000)), '0' } end
if at > slot then return { 0, whole(at - slot), '0' } end
return { 0, whole(at - now), '0' }
