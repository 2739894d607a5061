-- What wrk asks, and one line of JSON about what it saw.
--
--   wrk … -s wrk.lua URL -- same | in-turn COUNT | pipelined COUNT
--
-- wrk calls request() for every request where there is one, so it is defined only where needed.

function init(args)
  local mode, count = args[1], tonumber(args[2])
  if mode == "pipelined" then
    local batch = string.rep(wrk.format(), count)
    request = function() return batch end
  elseif mode == "in-turn" then
    local requests, latest = {}, 0
    for i = 1, count do requests[i] = wrk.format(nil, wrk.path .. (i - 1) .. ".bin") end
    request = function()
      latest = latest % count + 1
      return requests[latest]
    end
  end
end

-- wrk corrects its latencies for requests that it could not send in time, and then counts some
-- that are below the least, which its percentiles pass over: the highest come out as 0. So the
-- share that is passed over is found first, and percentiles are counted down from the top.
local function highest_share(latency)
  local low, high = 0, 100
  for _ = 1, 30 do
    local middle = (low + high) / 2
    if latency:percentile(middle) > 0 then low = middle else high = middle end
  end
  return low
end

function done(summary, latency)
  local errors, top = summary.errors, highest_share(latency)
  io.write(string.format(
    'result: {"requests": %d, "duration_us": %d, "bytes": %d, "p50_us": %d, "p99_us": %d, ' ..
    '"bad_status": %d, "failures": %d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(math.max(top - 50, 0)),
    latency:percentile(math.max(top - 1, 0)), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
