-- A company refused a request: it is left alone for a while, then spoken to more slowly, then gradually as before.
-- Times are in microseconds of this server's clock, strain in thousandths.
local memory = KEYS[1]
local wait, step, most, recovery = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function whole(number) return string.format('%.0f', number) end

local state = redis.call('HMGET', memory, 'closed', 'strain', 'strained_at', 'next', 'next_batch')
local closed, strain, strained_at = tonumber(state[1] or '') or 0, tonumber(state[2] or '') or 1000, tonumber(state[3] or '') or 0
-- Several requests that were under way together are refused together: that is one refusal.
if closed <= now then
  strain = 1000 + (strain - 1000) * math.max(0, 1 - math.max(0, now - strained_at) / recovery)
  strain = math.min(most, strain * step / 1000)
end
closed = math.max(closed, now + wait)
redis.call('HSET', memory, 'closed', whole(closed), 'strain', whole(strain), 'strained_at', whole(closed),
  'next', whole(math.max(tonumber(state[4] or '') or 0, closed)), 'next_batch', whole(math.max(tonumber(state[5] or '') or 0, closed)))
redis.call('PEXPIRE', memory, whole((closed - now + recovery) / 1000 + 5000))
return 1
