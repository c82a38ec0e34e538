using Weir.Engine;
using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>A look at one moment while others write.</summary>
public sealed class PostgreSqlVerifyTests : IDisposable
{
    private readonly PostgreSqlDatabase _database = new();

    private static CancellationToken None => CancellationToken.None;

    public void Dispose() => _database.Dispose();

    [Fact(DisplayName = "LOG-3: verify is exact while nodes write and summaries move on, on a node that writes and on one that does not")]
    public async Task VerifyIsExactUnderLoad()
    {
        await using UsageDesk first = await OpenAsync();
        await using UsageDesk second = await OpenAsync();
        using CancellationTokenSource stop = new();
        Task[] writers =
        [
            .. Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
            {
                UsageDesk desk = writer % 2 == 0 ? first : second;
                for (int i = 0; !stop.IsCancellationRequested; i++)
                {
                    await desk.RecordAsync($"e-{writer}-{i}", i % 3 == 0 ? "render" : "diagnose", i % 3 == 0 ? [("seconds", 90)] : [], account: $"account-{i % 4}");
                    if (i % 5 == 0)
                    {
                        await desk.ReverseAsync($"e-{writer}-{i}");
                    }
                }
            })),
            Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    await first.Projector.CatchUpAsync(first.Workspace, None);
                }
            }),
        ];
        await using UsageDesk looking = await OpenAsync();
        long before = 0;
        for (int look = 0; look < 12; look++)
        {
            Verification found = await (look % 2 == 0 ? looking : first).Get<Verifier>().VerifyAsync(first.Workspace, None);
            Assert.True(found.IsClean, string.Join('\n', found.BalanceDifferences) + string.Join('\n', found.SummaryDifferences));
            Assert.True(found.Entries >= before);
            before = found.Entries;
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        Assert.True(before > 0, "Nothing was written meanwhile.");

        // It is no look that sees nothing: a figure that was changed is named.
        PostgreSqlCluster.Current.Execute(_database.Name, $"UPDATE weir.summaries SET events = events + 1 WHERE workspace = {first.Workspace.Value}");
        await first.Projector.CatchUpAsync(first.Workspace, None);
        Assert.NotEmpty((await looking.Get<Verifier>().VerifyAsync(first.Workspace, None)).SummaryDifferences);
    }

    [Theory(DisplayName = "LOG-3: what was changed behind Weir's back is named with its account and figure, and everything else is in order")]
    [InlineData("UPDATE weir.balances SET used = used + 1 WHERE scope <> 0", "balance of acme: used credits per day", 1)]
    [InlineData("UPDATE weir.accounts SET figures = (SELECT figures FROM weir.accounts a JOIN weir.account_profiles p ON p.account = a.id WHERE p.key = 'beta') WHERE id = (SELECT account FROM weir.account_profiles WHERE key = 'acme')", "balance of acme: used calls", 2)]
    [InlineData("UPDATE weir.accounts SET figures = NULL WHERE id = (SELECT account FROM weir.account_profiles WHERE key = 'acme')", "balance of acme: used credits per month", 2)]
    [InlineData("DELETE FROM weir.events WHERE seq = (SELECT seq FROM weir.event_details WHERE id = 'acme-3')", "balance of acme: used credits per month", 3)]
    [InlineData("DELETE FROM weir.events WHERE seq >= (SELECT seq FROM weir.event_details WHERE id = 'acme-8')", "balance of acme: used credits per month", 3)]
    [InlineData("UPDATE weir.events SET body = (SELECT body FROM weir.events JOIN weir.event_details USING (workspace, seq) WHERE id = 'beta-1') WHERE seq = (SELECT seq FROM weir.event_details WHERE id = 'acme-3')", "balance of acme: used credits per month", 2)]
    [InlineData("UPDATE weir.summaries SET events = events + 1 WHERE dimension = '' AND account = (SELECT account FROM weir.account_profiles WHERE key = 'acme')", "summary of acme: events of diagnose", 1)]
    public async Task WhatWasChangedIsNamed(string change, string named, int least)
    {
        long before;
        await using (UsageDesk desk = await OpenAsync())
        {
            for (int i = 0; i < 3; i++)
            {
                await desk.RecordAsync($"beta-{i}", "ping", account: "beta");
            }

            for (int i = 0; i < 10; i++)
            {
                await desk.RecordAsync($"acme-{i}", "diagnose", details: new EventDetails { User = "u" });
            }

            await desk.Projector.CatchUpAsync(desk.Workspace, None);
            Assert.True((await desk.Get<Verifier>().VerifyAsync(desk.Workspace, None)).IsClean);
            before = await desk.Store.Ledger.LastSequenceAsync(desk.Workspace, None);
        }

        Assert.True(before >= 13);
        PostgreSqlCluster.Current.Execute(_database.Name, change);
        await using UsageDesk looking = await OpenAsync();
        Verification found = await looking.Get<Verifier>().VerifyAsync(looking.Workspace, None);
        string[] differences = [.. found.BalanceDifferences.Select(difference => difference.ToString()), .. found.SummaryDifferences.Select(difference => difference.ToString())];
        Assert.True(differences.Length >= least, string.Join('\n', differences));
        Assert.Contains(differences, difference => difference.StartsWith(named, StringComparison.Ordinal));
        Assert.DoesNotContain(differences, difference => difference.Contains(" of beta", StringComparison.Ordinal));
    }

    [Fact(DisplayName = "LOG-3: a look stays at its moment, keeps nobody from writing, and writes nothing")]
    public async Task ALookStays()
    {
        await using UsageDesk desk = await OpenAsync();
        await desk.RecordAsync("e-1", "ping");
        await using IWeirStore look = await desk.Store.LookAsync(None) ?? throw new InvalidOperationException();
        await desk.RecordAsync("e-2", "ping");
        Assert.Equal(["e-1"], await IdsAsync(look, desk.Workspace));
        Assert.Equal(["e-1", "e-2"], await IdsAsync(desk.Store, desk.Workspace));
        Assert.Single(await look.Ledger.FollowAsync(desk.Workspace, 0, 10, None));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ => Assert.Single(await look.Ledger.FollowAsync(desk.Workspace, 0, 10, None))));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await look.Summaries.ClearAsync(desk.Workspace, None));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await look.Ledger.BeginAsync(desk.Workspace, None));
    }

    private Task<UsageDesk> OpenAsync() => UsageDesk.OpenAsync(NodaTime.SystemClock.Instance.GetCurrentInstant(), _ => _database.NewStore(null));

    private static async Task<IEnumerable<string>> IdsAsync(IWeirStore store, WorkspaceId workspace) =>
        (await store.Ledger.ReadAsync(workspace, new LedgerFilter { Account = new AccountKey("acme"), Ascending = true }, None)).Select(record => record.Details.Id!);
}
