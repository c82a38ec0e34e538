using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    private IAlertStore Alerts => Store.Alerts;

    [Fact(DisplayName = "ALERT-1: an alert is kept exactly as it was raised, once, and resolved once")]
    public async Task AnAlertIsRaisedOnce()
    {
        Alert full = Sample.FullAlert("alr_full");
        Alert job = new() { Id = "alr_job", Kind = AlertKind.JobStuck, Account = Sample.AcmeId, Type = "transcription", Job = 41, RaisedAt = Sample.Now };
        await WriteAsync(new LedgerWrites { Alerts = [full, job], Notifications = [Sample.Note("msg_full")] });
        await Alerts.AppendAsync(Own, [full with { Used = Quantity.Zero, RaisedAt = Sample.Now + Duration.FromDays(1) }], [Sample.Note("msg_full"), Sample.Note("msg_more")], None);
        Same(full, (await Alerts.FindAsync(Own, Sample.AcmeId, "alr_full", None))?.Alert);
        Same(job, (await Alerts.FindAsync(Own, Sample.AcmeId, "alr_job", None))?.Alert);
        Assert.Equal(["msg_full", "msg_more"], (await Notifications.FollowAsync(Own, 0, 10, None)).Select(stored => stored.Notification.Id));

        Instant end = Sample.Now + Duration.FromHours(1);
        await WriteAsync(new LedgerWrites { Alerts = [full with { ResolvedAt = end, Resolution = AlertResolution.LimitRaised, Used = Quantity.Zero }] });
        await Alerts.AppendAsync(Own, [full with { ResolvedAt = end + Duration.FromHours(1), Resolution = AlertResolution.Fell }, full, full with { Id = "alr_other", ResolvedAt = end, Resolution = AlertResolution.Fell }], [], None);
        Same(full with { ResolvedAt = end, Resolution = AlertResolution.LimitRaised }, (await Alerts.FindAsync(Own, Sample.AcmeId, "alr_full", None))?.Alert);
        Assert.Null(await Alerts.FindAsync(Own, Sample.AcmeId, "alr_other", None));
        Assert.Null(await Alerts.FindAsync(Own, 5, "alr_full", None));
    }

    [Fact(DisplayName = "Alerts of a batch that is given up leave no trace")]
    public async Task AlertsOfNoCommit()
    {
        await using (ILedgerTransaction transaction = await Ledger.BeginAsync(Own, None))
        {
            await transaction.LoadAsync(new LedgerLoad { Accounts = [] }, None);
            Assert.True(await transaction.WriteAsync(new LedgerWrites { Alerts = [Sample.FullAlert("alr_1")] }, None));
        }

        Assert.Empty(await Alerts.ListAsync(Own, new AlertFilter { Now = Sample.Now }, None));
    }

    [Fact(DisplayName = "Alerts are listed the newest first, in pages, by account, state, kind and whether they were read")]
    public async Task AlertsAreListed()
    {
        Alert Made(string id, long account = Sample.AcmeId, AlertKind kind = AlertKind.Threshold) => Sample.FullAlert(id) with { Account = account, Kind = kind };
        await Alerts.AppendAsync(Own, [Made("alr_1"), Made("alr_2") with { PeriodEnd = Sample.Now }, Made("alr_3", 5), Made("alr_4", kind: AlertKind.JobStuck), Made("alr_5")], [], None);
        await Alerts.AppendAsync(Own, [Made("alr_5") with { ResolvedAt = Sample.Now, Resolution = AlertResolution.Fell }], [], None);
        await Alerts.MarkReadAsync(Own, Sample.AcmeId, ["alr_1", "alr_3", "alr_none"], Sample.Now, None);
        AlertFilter all = new() { Now = Sample.Now };
        Assert.Equal("5 4 3 2 1", await ListedAsync(all));
        Assert.Equal("5 4 2 1", await ListedAsync(all with { Account = Sample.AcmeId }));
        Assert.Equal("4 3 1", await ListedAsync(all with { State = AlertState.Raised }));
        Assert.Equal("5", await ListedAsync(all with { State = AlertState.Resolved }));
        Assert.Equal("2", await ListedAsync(all with { State = AlertState.Ended }));
        Assert.Equal("4 3 2 1", await ListedAsync(all with { State = AlertState.Raised, Now = Sample.Now - Clock.Microsecond }));
        Assert.Equal("4", await ListedAsync(all with { Kind = AlertKind.JobStuck }));
        Assert.Equal("5 4 2", await ListedAsync(all with { Unread = true, Account = Sample.AcmeId }));
        Assert.Equal("3", await ListedAsync(all with { Unread = true, Account = 5 }));
        long third = (await Alerts.ListAsync(Own, all, None))[2].Number;
        Assert.Equal("2", await ListedAsync(all with { Before = third, Limit = 1 }));
        Assert.Equal("2 1", await ListedAsync(all with { Before = third, Account = Sample.AcmeId }));
        Same(new AlertCounts(3, 2), await Alerts.CountAsync(Own, null, null, Sample.Now, None));
        Same(new AlertCounts(2, 1), await Alerts.CountAsync(Own, Sample.AcmeId, null, Sample.Now, None));
        Same(new AlertCounts(0, 0), await Alerts.CountAsync(Own, 77, null, Sample.Now, None));

        Alert[] scoped = [.. new[] { 0L, 77, 78 }.SelectMany(id => new[] { ScopeKind.User, ScopeKind.Campaign }.Select(scope => Made($"alr_{scope}{id}", 6) with { Scope = scope, ScopeId = id }))];
        await Alerts.AppendAsync(Own, [.. scoped, Made("alr_own", 6) with { Scope = ScopeKind.Account, ScopeId = 0 }], [], None);
        Assert.Equal("own Campaign78 Campaign77 User77 Campaign0 User0", await ListedAsync(all with { Account = 6, OnlyUser = 77 }));
        Assert.Equal("own Campaign78 Campaign77 Campaign0 User0", await ListedAsync(all with { Account = 6, OnlyUser = 0 }));
        Same(new AlertCounts(6, 6), await Alerts.CountAsync(Own, 6, 77, Sample.Now, None));

        async Task<string> ListedAsync(AlertFilter filter) => string.Join(' ', (await Alerts.ListAsync(Own, filter, None)).Select(stored => stored.Alert.Id["alr_".Length..]));
    }

    [Fact(DisplayName = "The first acknowledgement of an alert stays, and who acknowledges has read")]
    public async Task AnAlertIsAcknowledgedOnce()
    {
        await Alerts.AppendAsync(Own, [Sample.FullAlert("alr_1"), Sample.FullAlert("alr_2"), Sample.FullAlert("alr_3") with { RaisedAt = Sample.Now + Duration.FromHours(2) }], [], None);
        Instant at = Sample.Now + Duration.FromHours(1);
        Alert expected = Sample.FullAlert("alr_1") with { AcknowledgedAt = at, AcknowledgedBy = "k1", ReadAt = at };
        Same(expected, (await Alerts.AcknowledgeAsync(Own, Sample.AcmeId, "alr_1", at, "k1", None))?.Alert);
        Same(expected, (await Alerts.AcknowledgeAsync(Own, Sample.AcmeId, "alr_1", at + Duration.FromHours(1), "k2", None))?.Alert);
        Assert.Null(await Alerts.AcknowledgeAsync(Own, 5, "alr_2", at, "k1", None));
        Assert.Null(await Alerts.AcknowledgeAsync(Own, Sample.AcmeId, "alr_none", at, "k1", None));

        Assert.Equal(1, await Alerts.MarkReadAsync(Own, Sample.AcmeId, null, at, None));
        Assert.Equal(0, await Alerts.MarkReadAsync(Own, Sample.AcmeId, null, at, None));
        Assert.Equal(0, await Alerts.MarkReadAsync(Own, 5, ["alr_3"], at, None));
        Same(Sample.FullAlert("alr_2") with { ReadAt = at }, (await Alerts.FindAsync(Own, Sample.AcmeId, "alr_2", None))?.Alert);
        Assert.Equal(1, await Alerts.MarkReadAsync(Own, Sample.AcmeId, ["alr_1", "alr_3"], at, None));
    }

    [Fact(DisplayName = "ALERT-1: what an account remembers of alerts, and the thresholds it has of its own, come back, and go")]
    public async Task MarksAndRules()
    {
        await CreateAcmeAsync();
        AccountState full = Sample.FullState();
        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(full)] });
        AccountState loaded = (await LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] })).Accounts[Sample.Acme];
        Same(full.AlertMarks, loaded.AlertMarks);
        Assert.Equal(full.AlertMarks.CatalogVersion, loaded.AlertMarks.CatalogVersion);
        Same(full.Account.AlertRules, loaded.Account.AlertRules);

        AccountState less = full with { AlertMarks = full.AlertMarks.At(Sample.MonthEnd), Account = full.Account with { AlertRules = AlertRuleSet.Empty, Version = full.Account.Version + 1 } };
        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(less) with { Parts = [.. AlertParts.ChangedBetween(full, less)] }] });
        loaded = (await LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] })).Accounts[Sample.Acme];
        Same(less.AlertMarks, loaded.AlertMarks);
        Assert.True(loaded.Account.AlertRules.IsEmpty);
        Assert.Single(loaded.AlertMarks);
    }
}
