using System.Diagnostics;
using System.Globalization;

using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

using Npgsql;

using Weir.AspNetCore;
using Weir.Engine;
using Weir.PostgreSql;

namespace Weir.Benchmarks;

/// <summary>
/// Weir on PostgreSQL beside what it is compared with, all on one private server in one run. The sides take turns, and the medians of the
/// rounds are compared, so that a drift of the machine meets all of them. The summaries are brought up to date before the next side begins.
/// </summary>
internal static class PostgreSqlBenchmark
{
    private const string Database = "bench";
    private const int Rounds = 3;
    private const int Seconds = 5;
    private const int CommandSeconds = 2;
    private const int WarmUpSeconds = 25;
    private const int Callers = 1024;
    private const int RecordBatch = 1_000;
    private const int CheckedAccounts = 100;
    private const int ManyEvents = 1_000_000;

    /// <summary>How many times the events of the one database the other has.</summary>
    private const int TimesMore = 20;

    public static async Task RunAsync()
    {
        bool withStatements = Environment.GetEnvironmentVariable("WEIR_BENCH_STATEMENTS") is not null;
        await using PostgreSqlServer server = await PostgreSqlServer.StartAsync(withStatements);
        Console.WriteLine($"fsync of a 4 KiB write: {Fsync.Median(server.Folder).TotalMicroseconds:F0} µs (median of 100)");
        Table table = new();
        await using (Setting setting = await StartAsync(server, Database))
        {
            await server.RunAsync(Database, PostgreSqlServer.Superuser, await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "peer.sql")));
            if (withStatements)
            {
                await server.RunAsync(Database, PostgreSqlServer.Superuser, "CREATE EXTENSION pg_stat_statements");
            }

            await ConsumeAsync(server, setting, table);
            if (withStatements)
            {
                await PrintStatementsAsync(server);
            }

            if (Environment.GetEnvironmentVariable("WEIR_BENCH_STATEMENTS") == "only")
            {
                table.Print();
                return;
            }

            await CommandsAsync(server, setting, table);
            await CheckAsync(setting, table);
            await RecordAsync(server, setting, table);
            await ServeAsync(server, setting, table);
        }

        await UsageAsync(server, table);
        table.Print();
        Console.WriteLine($"fsync of a 4 KiB write: {Fsync.Median(server.Folder).TotalMicroseconds:F0} µs (median of 100)");
    }

    /// <summary>Only the commands of jobs, corrections and gifts beside consumes.</summary>
    public static async Task RunCommandsAsync()
    {
        bool withStatements = Environment.GetEnvironmentVariable("WEIR_BENCH_STATEMENTS") is not null;
        await using PostgreSqlServer server = await PostgreSqlServer.StartAsync(withStatements);
        await using Setting setting = await StartAsync(server, Database);
        Table table = new();
        await ConsumeBenchmark.MeasureAsync(setting, Callers, TimeSpan.FromSeconds(10), "warm");
        if (withStatements)
        {
            await server.RunAsync(Database, PostgreSqlServer.Superuser, "CREATE EXTENSION pg_stat_statements");
        }

        await CommandsAsync(server, setting, table);
        if (withStatements)
        {
            await PrintStatementsAsync(server);
        }

        table.Print();
    }

    /// <summary>Only consumes over HTTP beside an empty answer.</summary>
    public static async Task RunHttpAsync()
    {
        bool withStatements = Environment.GetEnvironmentVariable("WEIR_BENCH_STATEMENTS") is not null;
        await using PostgreSqlServer server = await PostgreSqlServer.StartAsync(withStatements);
        await using Setting setting = await StartAsync(server, Database);
        Table table = new();
        if (withStatements)
        {
            await server.RunAsync(Database, PostgreSqlServer.Superuser, "CREATE EXTENSION pg_stat_statements");
        }

        await ServeAsync(server, setting, table);
        if (withStatements)
        {
            await PrintStatementsAsync(server);
        }

        table.Print();
    }

    /// <summary>Only current usage with few and with many events.</summary>
    public static async Task RunUsageAsync()
    {
        await using PostgreSqlServer server = await PostgreSqlServer.StartAsync(withStatements: false);
        Table table = new();
        await UsageAsync(server, table);
        table.Print();
    }

    private static async Task<Setting> StartAsync(PostgreSqlServer server, string database)
    {
        string runtime = await server.NewDatabaseAsync(database);
        Setting setting = await Setting.StartAsync(
            app =>
            {
                app.MapWeirApi();
                app.MapPost("/empty", () => Microsoft.AspNetCore.Http.TypedResults.Json(new Dictionary<string, string>()));
            },
            weir => weir.AddPostgreSql(new PostgreSqlStoreOptions { ConnectionString = runtime, Batches = Number("WEIR_BENCH_BATCHES", PostgreSqlStoreOptions.DefaultBatches) }));
        setting.App.Services.GetRequiredService<KeyService>().UseAdminKey(Wrk.AdminKey);
        return setting;
    }

    /// <summary>Durable consumes in process, over many accounts and on one, beside the peer at its best number of clients.</summary>
    private static async Task ConsumeAsync(PostgreSqlServer server, Setting setting, Table table)
    {
        int clients = 0;
        double best = 0;
        foreach (int tried in (int[])[8, 16, 32, 64, 128])
        {
            (double rate, _) = await Pgbench.RunAsync(server, Database, tried, 2, 1_000 + tried);
            Console.WriteLine($"peer with {tried,3} clients: {rate,9:N0}/s");
            (clients, best) = rate > best ? (tried, rate) : (clients, best);
        }

        await ConsumeBenchmark.MeasureAsync(setting, Callers, TimeSpan.FromSeconds(WarmUpSeconds), "warm");
        await CatchUpAsync(setting);
        List<double> peer = [], spread = [], hot = [], peerCost = [], spreadCost = [];
        using Commits commits = new();
        for (int round = 1; round <= Rounds; round++)
        {
            (double rate, Costs costs) = await Costs.OfAsync(server, () => Pgbench.RunAsync(server, Database, clients, Seconds, round));
            peer.Add(rate);
            peerCost.Add(costs.All);
            Console.WriteLine($"round {round}: peer           {rate,9:N0}/s   {costs}");
            foreach ((List<double> rates, List<double> all, string name, int accounts) in ((List<double>, List<double>, string, int)[])[(spread, spreadCost, "spread", 10_000), (hot, [], "hot", 1)])
            {
                commits.Reset();
                (rate, costs) = await Costs.OfAsync(server, async () => (await ConsumeBenchmark.MeasureAsync(setting, Callers, TimeSpan.FromSeconds(Seconds), $"{name}{round}", accounts), TimeSpan.Zero));
                rates.Add(rate);
                all.Add(costs.All);
                long start = Stopwatch.GetTimestamp();
                await CatchUpAsync(setting);
                Console.WriteLine($"round {round}: consume {name,-6} {rate,9:N0}/s   {costs}{commits}   summaries up to date after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
            }
        }

        table.Add($"durable consume, {Callers:N0} callers, 10,000 accounts", $"peer, {clients} clients", Table.Median(spread), Table.Median(peer), "≥ 8", "F1", "×");
        table.Add("its processor time, node and database (µs)", "peer and pgbench", Table.Median(spreadCost), Table.Median(peerCost), "–", "P0", "");
        table.Add("one hot account", "10,000 accounts", Table.Median(hot), Table.Median(spread), "≥ 70", "P0", "");
    }

    /// <summary>Events that have happened, in batches of as many callers as suits them best, beside raw COPY of the rows that they became.</summary>
    private static async Task RecordAsync(PostgreSqlServer server, Setting setting, Table table)
    {
        await using NpgsqlConnection connection = await server.ConnectAsync(Database, PostgreSqlServer.Superuser);
        RawCopy copy = new(connection);
        await copy.PrepareAsync();
        int callers = 0;
        double best = 0;
        foreach (int tried in (int[])[4, 8, 16])
        {
            (double rate, _) = await RecordAsync(server, setting, tried, 2, $"try{tried}");
            Console.WriteLine($"record with {tried,2} callers: {rate,9:N0}/s");
            (callers, best) = rate > best ? (tried, rate) : (callers, best);
        }

        await copy.CopyAsync();
        List<double> recorded = [], copied = [];
        for (int round = 1; round <= Rounds; round++)
        {
            (double rate, Costs costs) = await RecordAsync(server, setting, callers, Seconds, $"r{round}");
            double raw = await copy.CopyAsync();
            recorded.Add(rate);
            copied.Add(raw);
            Console.WriteLine($"round {round}: record         {rate,9:N0}/s   {costs}");
            Console.WriteLine($"round {round}: raw COPY       {raw,9:N0}/s");
        }

        table.Add($"batch recording, {callers} callers, batches of {RecordBatch:N0}", "raw binary COPY", Table.Median(recorded), Table.Median(copied), "≥ 60", "P0", "");
    }

    private static async Task<(double Rate, Costs Costs)> RecordAsync(PostgreSqlServer server, Setting setting, int callers, int seconds, string prefix)
    {
        int number = 0;
        long done = 0;
        Stopwatch watch = Stopwatch.StartNew();
        (double, Costs) measured = await Costs.OfAsync(server, async () =>
        {
            await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
            {
                while (watch.Elapsed < TimeSpan.FromSeconds(seconds))
                {
                    int from = Interlocked.Add(ref number, RecordBatch);
                    await RecordAsync(setting, prefix, from, RecordBatch, 10_000);
                    Interlocked.Add(ref done, RecordBatch);
                }
            })));
            return (done / watch.Elapsed.TotalSeconds, TimeSpan.Zero);
        });
        await CatchUpAsync(setting);
        return measured;
    }

    private static async Task ServeAsync(PostgreSqlServer server, Setting setting, Table table)
    {
        string url = setting.App.Urls.First();
        (string Name, string Url)[] endpoints = [("empty", url + "/empty"), ("consume", url + "/api/v1/consume")];
        foreach ((_, string address) in endpoints)
        {
            await Wrk.RunAsync(address, WarmUpSeconds, 0);
        }

        Dictionary<string, List<double>> rates = endpoints.ToDictionary(endpoint => endpoint.Name, _ => new List<double>(), StringComparer.Ordinal);
        using Commits commits = new();
        for (int round = 1; round <= Rounds; round++)
        {
            foreach ((string name, string address) in endpoints)
            {
                commits.Reset();
                TimeSpan idle = PostgreSqlServer.IdleTime();
                long start = Stopwatch.GetTimestamp();
                Wrk load = default;
                (_, Costs costs) = await Costs.OfAsync(server, async () => ((load = await Wrk.RunAsync(address, Seconds, round)).Rate, TimeSpan.Zero));
                double share = (PostgreSqlServer.IdleTime() - idle) / Stopwatch.GetElapsedTime(start) / Environment.ProcessorCount;
                rates[name].Add(load.Rate);
                Console.WriteLine($"round {round}: HTTP {name,-8}  {load.Rate,9:N0}/s   {costs.Client,5:F1} µs of the node's and {costs.Database,5:F1} µs of the database's processor time, {share:P0} idle   {load.Allocated,6:N0} bytes allocated{commits}");
                await CatchUpAsync(setting);
            }
        }

        table.Add("durable consume over HTTP, 256 connections", "an empty answer", Table.Median(rates["consume"]), Table.Median(rates["empty"]), "≥ 30", "P0", "");
    }

    /// <summary>Checks of one caller over accounts that have all been looked at in the last second, reading them again when they have not.</summary>
    private static async Task CheckAsync(Setting setting, Table table)
    {
        UsageEvent[] events = [.. Enumerable.Range(0, CheckedAccounts).Select(n => Setting.Event($"check-{n}", $"acct-{n}", n % 100))];
        List<double> all = [], remembered = [];
        for (int round = 0; round <= Rounds; round++)
        {
            Stopwatch watch = Stopwatch.StartNew();
            List<double> took = [];
            while (watch.Elapsed < TimeSpan.FromSeconds(Seconds))
            {
                long start = Stopwatch.GetTimestamp();
                foreach (UsageEvent e in events)
                {
                    if (!(await setting.Admission.CheckAsync(setting.Workspace, e, ConsumeMode.Enforce, CancellationToken.None)).Outcome.Allowed)
                    {
                        throw new InvalidOperationException("A check was refused.");
                    }
                }

                took.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds / events.Length);
            }

            if (round > 0)
            {
                all.Add(took.Average());
                remembered.Add(Table.Median(took));
                Console.WriteLine($"round {round}: check          {took.Average(),9:F2} µs on average, each account read again every 0.9 s; {Table.Median(took):F2} µs in the median pass over {events.Length}");
            }
        }

        table.Add($"a check, {CheckedAccounts} accounts (µs)", "5 µs", Table.Median(remembered), 5, "< 1", "F2", "×");
    }

    /// <summary>The commands of jobs, corrections and gifts, as a part of the rate of the consumes that take turns with it.</summary>
    private static async Task CommandsAsync(PostgreSqlServer server, Setting setting, Table table)
    {
        await CommandBenchmark.PrepareAsync(setting);
        foreach ((int number, Work work) in CommandBenchmark.Others.Index())
        {
            List<double> consumes = [], commands = [];
            for (int round = 0; round <= Rounds; round++)
            {
                foreach ((List<double> rates, Work kind) in ((List<double>, Work)[])[(consumes, CommandBenchmark.Consume), (commands, work)])
                {
                    (double rate, Costs costs) = await Costs.OfAsync(
                        server, async () => (kind.Commands * await CommandBenchmark.MeasureAsync(setting, kind, Callers, TimeSpan.FromSeconds(CommandSeconds), $"c{number}{(kind == work ? 'a' : 'b')}{round}"), TimeSpan.Zero));
                    if (round > 0)
                    {
                        rates.Add(rate);
                        Console.WriteLine($"round {round}: {kind.Name,-24} {rate,9:N0} commands/s   {costs}");
                    }

                    await CatchUpAsync(setting);
                }
            }

            table.Add($"commands: {work.Name}", "consumes", Table.Median(commands), Table.Median(consumes), "–", "P0", "");
        }
    }

    /// <summary>Current usage in two databases, one with few and one with many events, read in turns.</summary>
    private static async Task UsageAsync(PostgreSqlServer server, Table table)
    {
        int many = Number("WEIR_BENCH_EVENTS", ManyEvents), fewer = many / TimesMore;
        await using Setting few = await StartAsync(server, "few");
        await using Setting full = await StartAsync(server, "many");
        foreach ((Setting setting, int events) in ((Setting, int)[])[(few, fewer), (full, many)])
        {
            for (int from = 0; from < events; from += 5_000)
            {
                await RecordAsync(setting, "u", from, Math.Min(5_000, events - from), UsageBenchmark.Accounts);
            }

            await CatchUpAsync(setting);
        }

        await server.RunAsync("postgres", PostgreSqlServer.Superuser, "CHECKPOINT");
        await CompareUsageAsync("just recorded", (few, fewer), (full, many), table);

        // As the database leaves it when it has had the time to tidy up.
        foreach (string database in (string[])["few", "many"])
        {
            await server.RunAsync(database, PostgreSqlServer.Superuser, "VACUUM (ANALYZE)");
        }

        await server.RunAsync("postgres", PostgreSqlServer.Superuser, "CHECKPOINT");
        await CompareUsageAsync("vacuumed", (few, fewer), (full, many), table);
    }

    private static async Task CompareUsageAsync(string when, (Setting Setting, int Events) few, (Setting Setting, int Events) many, Table table)
    {
        List<double> small = [], large = [];
        for (int turn = 0; turn < 12; turn++)
        {
            double[] ofFew = await UsageBenchmark.ReadAsync(few.Setting, 2_000), ofMany = await UsageBenchmark.ReadAsync(many.Setting, 2_000);
            if (turn >= 2)
            {
                small.AddRange(ofFew);
                large.AddRange(ofMany);
            }
        }

        foreach ((int events, List<double> times) in ((int, List<double>)[])[(few.Events, small), (many.Events, large)])
        {
            string parts = string.Join("   ", ((double[])[0.5, 0.9, 0.99, 0.999]).Select(part => string.Create(CultureInfo.InvariantCulture, $"p{part * 100:0.#} {UsageBenchmark.Percentile(times, part):F0} µs")));
            Console.WriteLine($"usage with {events,10:N0} events, {when}: {parts}");
        }

        table.Add(
            $"p99 of current usage, {many.Events:N0} events, {when} (µs)", $"{few.Events:N0} events",
            UsageBenchmark.Percentile(large, 0.99), UsageBenchmark.Percentile(small, 0.99), "≤ 1.20", "F2", "×");
    }

    private static Task RecordAsync(Setting setting, string prefix, int from, int count, int accounts) => setting.Admission.RecordAsync(
        setting.Workspace, [.. Enumerable.Range(from, count).Select(n => Setting.Event($"{prefix}-{n}", $"acct-{n * 7919L % accounts}", n % 100))], CancellationToken.None);

    public static Task CatchUpAsync(Setting setting) => setting.App.Services.GetRequiredService<SummaryProjector>().CatchUpAsync(setting.Workspace, CancellationToken.None);

    private static async Task PrintStatementsAsync(PostgreSqlServer server)
    {
        await using NpgsqlConnection connection = await server.ConnectAsync(Database, PostgreSqlServer.Superuser);
        await using NpgsqlCommand command = new(
            "SELECT total_exec_time / 1000, calls, rows, wal_bytes::bigint / 1000000, regexp_replace(query, '(--[^\n]*\n)+', '') FROM pg_stat_statements ORDER BY 1 DESC LIMIT 16", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            string query = reader.GetString(4).ReplaceLineEndings(" ").Trim();
            Console.WriteLine($"{reader.GetDouble(0),7:F2} s in {reader.GetInt64(1),8:N0} calls   {reader.GetInt64(2),9:N0} rows   {reader.GetInt64(3),5:N0} MB of log   {query[..Math.Min(query.Length, 90)]}");
        }
    }

    /// <summary>A number from the environment.</summary>
    private static int Number(string name, int otherwise) => Environment.GetEnvironmentVariable(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
