-- wrk script: what consoles and customers' pages ask, over 10,000 accounts.
local paths = {
  "/api/v1/accounts/acct-%d/usage",
  "/api/v1/accounts/acct-%d/usage/history?meter=calls",
  "/api/v1/accounts/acct-%d/usage/breakdown?by=type",
  "/api/v1/events?account=acct-%d&limit=100",
  "/api/v1/events?limit=100",
}

function init(args)
  counter = 0
  headers = {}
  headers["Authorization"] = "Bearer " .. os.getenv("WEIR_BENCH_KEY")
end

function request()
  counter = counter + 1
  return wrk.format("GET", string.format(paths[counter % #paths + 1], (counter * 7919) % 10000), headers)
end
