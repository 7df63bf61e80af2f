-- One request is counted against every account, or against none where one has no room. A key holds when its account is full
-- again, in microseconds of this server's clock; the arithmetic is that of `service::rate_limit`.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full, granted = {}, 1
for i, account in ipairs(KEYS) do
  local window, spacing = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  full[i] = math.max(tonumber(redis.call('GET', account) or '') or 0, now)
  -- A clock that was set back, or a limit that was lowered, keeps nobody out for longer than the window.
  full[i] = math.min(full[i], now + window)
  if full[i] + spacing > now + window then granted = 0 end
end
local told = { granted }
for i, account in ipairs(KEYS) do
  if granted == 1 then
    full[i] = full[i] + tonumber(ARGV[2 * i])
    redis.call('SET', account, string.format('%.0f', full[i]), 'PX', string.format('%.0f', (full[i] - now) / 1000 + 1000))
  end
  told[i + 1] = full[i] - now
end
return told
