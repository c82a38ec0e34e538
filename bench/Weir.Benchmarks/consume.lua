-- wrk script: every request consumes under an id of its own, spread over 10,000 accounts.
local thread_count = 0
local seed = tonumber(os.getenv("WEIR_BENCH_SEED") or "1")

function setup(thread)
  thread_count = thread_count + 1
  thread:set("number", thread_count)
end

function init(args)
  counter = 0
  headers = {}
  headers["Content-Type"] = "application/json"
  headers["Authorization"] = "Bearer " .. os.getenv("WEIR_BENCH_KEY")
end

function request()
  counter = counter + 1
  local account = (counter * 7919 + number) % 10000
  local body = string.format('{"id":"e-%d-%d-%d","account":"acct-%d","type":"call","properties":{"tokens":%d}}',
    seed, number, counter, account, counter % 100)
  return wrk.format("POST", nil, headers, body)
end
