using Weir.Benchmarks;

Dictionary<string, (string What, Func<Task> Run)> benchmarks = new(StringComparer.Ordinal)
{
    ["decide"] = ("decisions per second and bytes allocated for each", DecideBenchmark.RunAsync),
    ["consume"] = ("durable consumes per second on SQLite, 1 and 64 callers, in process", ConsumeBenchmark.RunAsync),
    ["http"] = ("durable consumes over HTTP beside an empty JSON endpoint on the same Kestrel, 256 connections (needs wrk)", HttpBenchmark.RunAsync),
    ["malformed"] = ("how long the server takes to refuse each broken body", MalformedBenchmark.RunAsync),
    ["overload"] = ("durable consumes over HTTP on PostgreSQL, alone, with five times as many callers, and with these beside 256 callers of queries (needs PostgreSQL and wrk)", OverloadBenchmark.RunAsync),
    ["postgres"] = ("PostgreSQL beside a peer written by hand, raw COPY and an empty endpoint (needs PostgreSQL with pgbench, and wrk)", PostgreSqlBenchmark.RunAsync),
    ["postgres-commands"] = ("the commands of jobs, corrections and gifts on PostgreSQL, beside consumes", PostgreSqlBenchmark.RunCommandsAsync),
    ["postgres-http"] = ("durable consumes over HTTP on PostgreSQL beside an empty endpoint, 256 connections (needs wrk)", PostgreSqlBenchmark.RunHttpAsync),
    ["postgres-usage"] = ("current usage on PostgreSQL with few and 20 times as many events stored", PostgreSqlBenchmark.RunUsageAsync),
    ["start"] = ("start to the first answer, and memory when idle", StartBenchmark.RunAsync),
    ["usage"] = ("current usage of an account with 10,000 and with 1,000,000 events stored", UsageBenchmark.RunAsync),
};

// What is part of another one is only run when it is named.
string[] names = args is ["all"] ? [.. benchmarks.Keys.Except(["postgres-http", "postgres-commands", "postgres-usage"])] : args;
if (names.Length == 0 || names.Any(name => !benchmarks.ContainsKey(name)))
{
    Console.Error.WriteLine("usage: Weir.Benchmarks all | NAME …");
    foreach ((string name, (string what, _)) in benchmarks)
    {
        Console.Error.WriteLine($"  {name,-14} {what}");
    }

    return 2;
}

foreach (string name in names)
{
    Console.WriteLine($"== {name}: {benchmarks[name].What}");
    await benchmarks[name].Run();
}

return 0;
