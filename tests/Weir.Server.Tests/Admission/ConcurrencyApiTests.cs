using System.Collections.Concurrent;
using System.Text.Json.Nodes;

using Weir.Sqlite;

namespace Weir.Server.Tests;

/// <summary>The laws of the limit and of the id, held by a real server under many clients at once.</summary>
public sealed class ConcurrencyApiTests
{
    private const int Clients = 64;

    [Theory(DisplayName = "BAL-2: of a demand of 3,000 by 64 clients at once a limit of 1,000 grants exactly 1,000, twenty times over")]
    [InlineData("memory")]
    [InlineData("sqlite")]
    public async Task ExactlyTheLimit(string store)
    {
        using Folder folder = new();
        await using WeirHost host = await StartAsync(store, folder);
        for (int round = 0; round < 20; round++)
        {
            int granted = 0;
            await AtOnceAsync(Enumerable.Range(0, 3000), async i =>
            {
                Reply reply = await host.Admin.PostJsonAsync("/api/v1/consume", $$"""{ "id": "r{{round}}-{{i}}", "account": "org-{{round}}", "type": "call" }""");
                if ((bool)reply.ExpectOk()["allowed"]!)
                {
                    Interlocked.Increment(ref granted);
                }
            });
            JsonNode balance = (await host.Admin.ReadAsync($"/api/v1/accounts/org-{round}/usage")).ExpectOk()["balances"]![0]!;
            Assert.Equal((1000, 1000), (granted, (int)balance["used"]!));
        }
    }

    [Theory(DisplayName = "ID-5: 10,000 events sent one to five times, partly at once, are counted once each and answered the same")]
    [InlineData("memory")]
    [InlineData("sqlite")]
    public async Task EachOnce(string store)
    {
        using Folder folder = new();
        await using WeirHost host = await StartAsync(store, folder);
        Random random = new(20261121);
        int[] sends = [.. Enumerable.Range(0, 10_000).SelectMany(i => Enumerable.Repeat(i, random.Next(1, 6)))];
        random.Shuffle(sends);
        ConcurrentDictionary<string, (string Answer, int Recorded)> answers = new(StringComparer.Ordinal);
        await AtOnceAsync(sends.Chunk(50), async chunk =>
        {
            string events = string.Join(",", chunk.Select(i => $$"""{ "id": "e-{{i}}", "account": "org-{{i % 10}}", "type": "call" }"""));
            Reply reply = (await host.Admin.PostJsonAsync("/api/v1/events", $"[{events}]")).ExpectOk();
            foreach (JsonNode? result in reply["results"]!.AsArray())
            {
                JsonObject answer = result!.AsObject();
                string status = (string)answer["status"]!;
                Assert.Contains(status, (string[])["recorded", "duplicate"]);
                answer.Remove("status");
                int recorded = status == "recorded" ? 1 : 0;
                string text = answer.ToJsonString();
                answers.AddOrUpdate((string)answer["id"]!, (text, recorded), (_, known) =>
                {
                    Assert.Equal(known.Answer, text);
                    return known with { Recorded = known.Recorded + recorded };
                });
            }
        });
        Assert.Equal(10_000, answers.Count);
        Assert.All(answers.Values, answer => Assert.Equal(1, answer.Recorded));
        for (int account = 0; account < 10; account++)
        {
            Assert.Equal(1000, (int)(await host.Admin.ReadAsync($"/api/v1/accounts/org-{account}/usage")).ExpectOk()["balances"]![0]!["used"]!);
        }
    }

    private static Task AtOnceAsync<T>(IEnumerable<T> work, Func<T, Task> run) =>
        Parallel.ForEachAsync(work, new ParallelOptions { MaxDegreeOfParallelism = Clients }, async (item, _) => await run(item));

    private static async Task<WeirHost> StartAsync(string store, Folder folder)
    {
        WeirHost host = await WeirHost.StartAsync(catalog: null, store: store == "memory" ? null : weir => weir.AddSqlite(Path.Combine(folder.Path, "usage.db")));
        (await host.Admin.PutAsync("/api/v1/catalog", Catalogs.Calls(1000), "application/yaml")).ExpectOk();
        return host;
    }

    /// <summary>A folder of its own that goes with the test.</summary>
    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("weir-api-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
