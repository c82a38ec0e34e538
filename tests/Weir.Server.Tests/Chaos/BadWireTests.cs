using System.Net;
using System.Text.Json.Nodes;

using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

using Npgsql;

using Weir.Chaos;
using Weir.PostgreSql;
using Weir.Storage.Tests;

namespace Weir.Server.Tests.Chaos;

/// <summary>
/// A node on PostgreSQL behind a way that becomes slow, ends in one direction or breaks off in the middle: what it answers is right, each
/// connection that was hurt is let go of, and whoever comes next is served.
/// </summary>
public sealed class BadWireTests : IAsyncLifetime
{
    private const string Catalog = """
        name: wire
        defaultPlan: free
        meters: { units: { unit: unit } }
        events: { work: { charges: { units: { per: { property: n } } } } }
        plans: { free: { allowances: { units: { limit: null, per: lifetime } } } }
        """;

    private const int Accounts = 3;

    /// <summary>Events of one array.</summary>
    private const int Events = 20;

    private static readonly PostgreSqlCluster s_cluster = PostgreSqlCluster.Current;

    private readonly string _database = s_cluster.Rent();
    private readonly Wire _wire;
    private readonly HashSet<string> _recorded = new(StringComparer.Ordinal);
    private WeirHost _host = null!;
    private int _used;

    public BadWireTests()
    {
        string folder = new NpgsqlConnectionStringBuilder(s_cluster.ConnectionString(_database, PostgreSqlCluster.Runtime)).Host!;
        _wire = new Wire(Path.Combine(folder, ".s.PGSQL.5432"));
    }

    public async ValueTask InitializeAsync()
    {
        PostgreSqlStoreOptions options = new()
        {
            ConnectionString = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = _wire.Port, Database = _database, Username = PostgreSqlCluster.Runtime }.ConnectionString,
            Connections = 4,
            BatchTimeout = TimeSpan.FromSeconds(2),
            StatementTimeout = TimeSpan.FromSeconds(2),
        };
        _host = await WeirHost.StartAsync(
            catalog: null, weir => weir.AddPostgreSql(options), configure: weir => weir.RequestDeadline = TimeSpan.FromSeconds(2),
            services: services => services.RemoveAll<ILoggerProvider>());
        (await _host.Admin.PutAsync("/api/v1/catalog", Catalog, "application/yaml")).ExpectOk();
        await RecordAsync("first", 0);
    }

    public async ValueTask DisposeAsync()
    {
        _wire.Open();
        await _host.DisposeAsync();
        await _wire.DisposeAsync();
        s_cluster.GiveBack(_database);
    }

    [Theory(DisplayName = "TX-2: wherever the way to the database breaks off in a batch, its events count once, one request at most is in doubt, and the next is served")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task BreaksOff(bool inRequests)
    {
        // The first bytes one by one: the heads of messages; then as far as a few batches go.
        int[] places = [.. Enumerable.Range(0, 20), .. Enumerable.Range(1, 40).Select(i => 20 + (i * 137))];
        foreach (int place in places)
        {
            int cuts = _wire.Cuts;
            (inRequests ? (Action<int>)_wire.CutRequestsAfter : _wire.CutAfter)(place);
            int doubts = await RecordAsync($"cut-{place}", place);
            while (_wire.Cuts == cuts)
            {
                doubts += await RecordAsync($"cut-{place}-{_recorded.Count}", place);
            }

            Assert.InRange(doubts, 0, 1);
        }

        await StandsAsync();
    }

    [Theory(DisplayName = "TX-2: connections that end in one direction only, idle or in a transaction, are let go of, each after one request at most")]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task EndsInOneDirection(bool towardsNode, bool inTransaction)
    {
        for (int round = 0; round < 3; round++)
        {
            // All connections of the pool have been used.
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _host.Admin.ReadAsync("/api/v1/accounts/a-0/usage")));
            int connections = 0;
            TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            void Close()
            {
                connections = _wire.Connections;
                _wire.HalfClose(towardsNode);
                closed.TrySetResult();
            }

            if (inTransaction)
            {
                _wire.NextInTransaction(Close);
            }
            else
            {
                Close();
            }

            int doubts = await RecordAsync($"half-{round}", round);
            await closed.Task;
            for (int after = 0; after < 5; after++)
            {
                doubts += await RecordAsync($"half-{round}-{after}", after);
            }

            Assert.InRange(doubts, 0, connections);
        }

        await StandsAsync();
    }

    [Fact(DisplayName = "TX-2: while a byte a second comes through, every request is answered with 503 by its deadline, never with a denial, and what took effect counts once")]
    public async Task IsSlow()
    {
        _wire.Slow();
        string[] codes = await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            Reply reply = (i % 3) switch
            {
                0 => await _host.Admin.PostJsonAsync("/api/v1/events", Array($"slow-{i}", i)),
                1 => await _host.Admin.PostJsonAsync("/api/v1/consume", Body($"slow-{i}", i, i)),
                _ => await _host.Admin.ReadAsync($"/api/v1/accounts/a-{i % Accounts}/usage"),
            };
            Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.Status);
            return reply.Code!;
        }));
        Assert.Contains("deadline_exceeded", codes);
        Assert.All(codes, code => Assert.True(code is "deadline_exceeded" or "store_unavailable" or "overloaded", code));
        _wire.Open();
        foreach (int i in Enumerable.Range(0, 12).Where(i => i % 3 == 0))
        {
            await RecordAsync($"slow-{i}", i);
        }

        foreach (int i in Enumerable.Range(0, 12).Where(i => i % 3 == 1))
        {
            await UntilAsync(() => _host.Admin.PostJsonAsync("/api/v1/consume", Body($"slow-{i}", i, i)));
            _recorded.Add($"slow-{i}");
            _used += i;
        }

        await StandsAsync();
    }

    private static string Body(string id, int account, int n) => $$"""{ "id": "{{id}}", "account": "a-{{account % Accounts}}", "type": "work", "properties": { "n": {{n}} } }""";

    private static string Array(string name, int n) => "[" + string.Join(",", Enumerable.Range(0, Events).Select(e => Body($"{name}-{e}", e, n))) + "]";

    /// <summary>Repeats under the same ids until it is known. Gives how often it was in doubt.</summary>
    private async Task<int> RecordAsync(string name, int n)
    {
        (Reply reply, int doubts) = await UntilAsync(() => _host.Admin.PostJsonAsync("/api/v1/events", Array(name, n)));
        JsonArray results = reply["results"]!.AsArray();
        Assert.Equal(Events, results.Count);
        foreach ((JsonNode? result, int e) in results.Select((result, e) => (result, e)))
        {
            Assert.Equal($"{name}-{e}", (string)result!["id"]!);
            Assert.True((string)result["status"]! is "recorded" or "duplicate", result.ToJsonString());
            if (_recorded.Add($"{name}-{e}"))
            {
                _used += n;
            }
        }

        return doubts;
    }

    private static async Task<(Reply Reply, int Doubts)> UntilAsync(Func<Task<Reply>> send)
    {
        for (int doubts = 0; ; doubts++)
        {
            Reply reply = await send();
            if (reply.Status == HttpStatusCode.OK)
            {
                return (reply, doubts);
            }

            Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.Status);
            Assert.True(doubts < 100, $"It is in doubt for ever: {reply.Text}");
        }
    }

    /// <summary>The log has each event once and nothing else, and balances are the sums.</summary>
    private async Task StandsAsync()
    {
        List<string> log = [];
        string? cursor = null;
        do
        {
            (Reply page, _) = await UntilAsync(() => _host.Admin.ReadAsync("/api/v1/events?limit=1000" + (cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor))));
            log.AddRange(page["items"]!.AsArray().Select(item => (string)item!["id"]!));
            cursor = (string?)page["next"];
        }
        while (cursor is not null);
        Assert.Equal(_recorded.Order(StringComparer.Ordinal), log.Order(StringComparer.Ordinal));
        int used = 0;
        foreach (int account in Enumerable.Range(0, Accounts))
        {
            (Reply usage, _) = await UntilAsync(() => _host.Admin.ReadAsync($"/api/v1/accounts/a-{account}/usage"));
            used += (int)usage["balances"]![0]!["used"]!;
        }

        Assert.Equal(_used, used);
    }
}
