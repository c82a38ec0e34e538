using System.Net;

using Weir.Server.Tests;

namespace Weir.Client.Tests;

/// <summary>Every call of the client against a real server.</summary>
public sealed class ApiTests : IAsyncLifetime
{
    private WeirHost _host = null!;
    private WeirClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await WeirHost.StartAsync(catalog: null);
        _client = new WeirClient(Clients.Options(o =>
        {
            o.BaseAddress = _host.Address;
            o.Key = WeirHost.AdminKey;
        }));
        await _client.ReplaceCatalogAsync(Catalogs.Rich);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _host.DisposeAsync();
    }

    [Fact(DisplayName = "Consume answers charges with their trace, balances and the id that the client made; a repeat answers the same")]
    public async Task Consume()
    {
        UsageEvent e = new("acme", "diagnose") { Properties = new() { ["complexity"] = 2.0, ["echo"] = true, ["nested"] = new System.Text.Json.Nodes.JsonArray(1, 2) }, User = "u-7", Source = "web" };
        ConsumeAnswer made = await _client.ConsumeAsync(e);
        Assert.True(Guid.TryParse(made.Id, out _));
        ConsumeAnswer answer = await _client.ConsumeAsync(e with { Id = "e-1" });
        Assert.Equal((true, "e-1", false, false), (answer.Allowed, answer.Id, answer.Replayed, answer.Degraded));
        Charge charge = Assert.Single(answer.Charges);
        Assert.Equal(("credits", 25m, 10m, 2m, 5m), (charge.Meter, charge.Amount, charge.Trace!.Base, charge.Trace.Multiplier, charge.Trace.Bonuses["echo"]));
        Balance balance = Assert.Single(answer.Balances);
        Assert.Equal(("credits", 50m, 0m, 100m, 50m, 50m, "month"), (balance.Meter, balance.Used, balance.Held, balance.Limit, balance.Remaining, balance.Percent, balance.Per));
        Assert.True(balance.PeriodStart < balance.PeriodEnd);
        Assert.True((await _client.ConsumeAsync(e with { Id = "e-1" })).Replayed);
        Assert.Null(answer.Reason);
        Assert.Empty(answer.Violations);
    }

    [Fact(DisplayName = "A denial is an answer, with every violated limit and the plan to move to")]
    public async Task Denial()
    {
        UsageEvent e = new("acme", "chat") { Properties = new() { ["tokens"] = 301 }, User = "u-1" };
        ConsumeAnswer check = await _client.CheckAsync(e);
        Assert.False(check.Allowed);
        Assert.NotNull(check.AsOf);
        ConsumeAnswer answer = await _client.ConsumeAsync(e);
        Assert.Equal((false, DenialReasons.LimitExceeded, false), (answer.Allowed, answer.Reason, answer.Degraded));
        Violation violation = Assert.Single(answer.Violations);
        Assert.Equal(("tokens", "user", "u-1", "day", 300m, 0m, 301m, 300m),
            (violation.Meter, violation.Scope, violation.ScopeValue, violation.Per, violation.Limit, violation.Used, violation.Requested, violation.Remaining));
        Assert.NotNull(violation.ResetsAt);
        Assert.Equal(("pro", "Pro Plan"), (answer.Advice!.Plan, answer.Advice.Name));
        ConsumeAnswer some = await _client.ConsumeAsync(e, ConsumeMode.BestEffort);
        Assert.Equal((true, 300m, 301m), (some.Allowed, some.Charges[0].Amount, some.Charges[0].Trace!.CutFrom));
        ConsumeAnswer all = await _client.ConsumeAsync(e, ConsumeMode.Record);
        Assert.True(all.Allowed);
        Assert.Contains(all.Warnings, warning => warning is { Code: "over_limit", Meter: "tokens" });
    }

    [Fact(DisplayName = "Recording answers for each event: recorded, duplicate, or rejected with its reason")]
    public async Task Record()
    {
        IReadOnlyList<RecordResult> results = await _client.RecordAsync(
        [
            new UsageEvent("acme", "diagnose") { Id = "r-1" }, new UsageEvent("acme", "nothing") { Id = "r-2" }, new UsageEvent("acme", "diagnose") { Id = "r-1" },
        ]);
        Assert.Equal([("r-1", RecordStatus.Recorded), ("r-2", RecordStatus.Rejected), ("r-1", RecordStatus.Duplicate)], results.Select(result => (result.Id, result.Status)));
        Assert.Equal("unknown_event_type", results[1].Code);
        Assert.Equal(10m, results[0].Charges[0].Amount);
        RecordResult one = await _client.RecordAsync(new UsageEvent("acme", "diagnose") { Cost = new Cost(0.0125m, "USD"), At = DateTimeOffset.UtcNow.AddMinutes(-1), Status = "200", LatencyMs = 12 });
        Assert.Equal((RecordStatus.Recorded, 0.0125m), (one.Status, one.Cost!.Amount));
        Assert.Empty(await _client.RecordAsync([]));
    }

    [Fact(DisplayName = "More events than a request may have go in several")]
    public async Task RecordMany()
    {
        IReadOnlyList<RecordResult> results = await _client.RecordAsync([.. Enumerable.Range(0, 2500).Select(i => new UsageEvent("many", "stored") { Id = $"m-{i}", Properties = new() { ["bytes"] = 1 } })]);
        Assert.Equal(Enumerable.Range(0, 2500).Select(i => $"m-{i}"), results.Select(result => result.Id));
        Assert.All(results, result => Assert.Equal(RecordStatus.Recorded, result.Status));
        Assert.Equal(2500m, results[^1].Balances[0].Used);
    }

    [Fact(DisplayName = "What is wrong is an exception with status, code and place")]
    public async Task Problems()
    {
        WeirProblemException problem = await Assert.ThrowsAsync<WeirProblemException>(() => _client.ConsumeAsync(new UsageEvent("acme", "diagnos")));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "unknown_event_type"), (problem.Status, problem.Code));
        Assert.Equal("/type", Assert.Single(problem.Errors).Pointer);
        await using WeirClient stranger = new(Clients.Options(o =>
        {
            o.BaseAddress = _host.Address;
            o.Key = "weir_live_unknown";
        }));
        Assert.Equal("unauthorized", (await Assert.ThrowsAsync<WeirProblemException>(() => stranger.GetUsageAsync("acme"))).Code);
    }

    [Fact(DisplayName = "Events are listed, found, reversed and corrected")]
    public async Task Log()
    {
        foreach (string id in new[] { "a/1", "a/2", "..", "a 4".Replace(' ', '+') })
        {
            await _client.ConsumeAsync(new UsageEvent("acme", "diagnose") { Id = id, Model = "m 1", Properties = new() { ["department"] = "r&d" } });
        }

        LoggedEvent found = (await _client.FindEventAsync("a/1"))!;
        Assert.Equal(("a/1", "acme", "diagnose", "usage", "m 1", "r&d"), (found.Id, found.Account, found.Type, found.Kind, found.Model, found.Properties["department"].GetString()));
        Assert.Null(await _client.FindEventAsync("none"));
        Page<LoggedEvent> first = await _client.ListEventsAsync(new EventFilter { Account = "acme", Model = "m 1", Limit = 3, OldestFirst = true, From = DateTimeOffset.UtcNow.AddHours(-1) });
        Assert.Equal(["a/1", "a/2", ".."], first.Items.Select(item => item.Id));
        Page<LoggedEvent> next = await _client.ListEventsAsync(new EventFilter { Account = "acme", Model = "m 1", Limit = 3, OldestFirst = true, From = DateTimeOffset.UtcNow.AddHours(-1) }, first.Next);
        Assert.Equal(["a+4"], next.Items.Select(item => item.Id));
        Assert.Empty((await _client.ListEventsAsync(new EventFilter { Type = "chat" })).Items);

        Correction reversal = await _client.ReverseAsync("a/1", "a mistake");
        Assert.Equal(("reversal", "a mistake", -10m, false), (reversal.Kind, reversal.Reason, reversal.Charges[0].Amount, reversal.Replayed));
        Assert.True((await _client.ReverseAsync("a/1", "a mistake")).Replayed);
        Assert.NotNull((await _client.FindEventAsync("a/1"))!.ReversedAt);
        Correction adjustment = await _client.AdjustAsync("acme", "credits", -7.5m, "goodwill", "kim", "adj-1");
        Assert.Equal(("adj-1", "adjustment", "kim", 22.5m), (adjustment.Id, adjustment.Kind, adjustment.Actor, adjustment.Balances[0].Used));
        Assert.Equal("adjustment_below_zero", (await Assert.ThrowsAsync<WeirProblemException>(() => _client.AdjustAsync("acme", "credits", -1000, "too much"))).Code);
    }

    [Fact(DisplayName = "Accounts are made, changed, found, subscribed and listed")]
    public async Task Accounts()
    {
        Account made = await _client.PutAccountAsync("org/1", new AccountChange
        {
            Name = "Ä Company", Plan = "pro", TimeZone = "Africa/Nairobi", Anchor = "2026-01-31T09:00:00", ExternalIds = new Dictionary<string, string> { ["billing"] = "cus_1" },
        });
        Assert.Equal(("org/1", "Ä Company", "pro", "Africa/Nairobi", "2026-01-31T09:00:00", false), (made.Key, made.Name, made.Plan.Key, made.TimeZone, made.Anchor, made.Suspended));
        Assert.Equal("cus_1", made.ExternalIds["billing"]);
        Assert.True((await _client.PutAccountAsync("org/1", new AccountChange { Suspended = true })).Suspended);
        Assert.Equal("free", (await _client.SubscribeAsync("org/1", "free")).Plan.Key);
        Assert.Equal("Ä Company", (await _client.FindAccountAsync("org/1"))!.Name);
        Assert.Null(await _client.FindAccountAsync("nobody"));
        Assert.Equal(DenialReasons.AccountSuspended, (await _client.ConsumeAsync(new UsageEvent("org/1", "diagnose"))).Reason);
        await _client.ConsumeAsync(new UsageEvent("acme", "diagnose"));
        Page<AccountListItem> page = await _client.ListAccountsAsync(limit: 1);
        Assert.NotNull(page.Next);
        List<string> all = [];
        await foreach (AccountListItem item in _client.EnumerateAccountsAsync())
        {
            all.Add(item.Key);
        }

        Assert.Equal(["acme", "org/1"], all);
        AccountListItem acme = Assert.Single((await _client.ListAccountsAsync("free", "acm")).Items);
        Assert.Contains(acme.Usage, usage => usage is { Meter: "credits", Percent: 10m });
    }

    [Fact(DisplayName = "Usage, history, limits and features are read")]
    public async Task Insight()
    {
        await _client.ConsumeAsync(new UsageEvent("acme", "diagnose") { Cost = new Cost(0.5m) });
        AccountUsage usage = await _client.GetUsageAsync("acme");
        Assert.Equal(("acme", "Free Plan", "enforce", 0.5m), (usage.Account, usage.Plan.Name, usage.Enforcement, usage.Cost!.Lifetime));
        Assert.Contains(usage.Balances, balance => balance is { Meter: "credits", Used: 10m, Remaining: 90m });
        UsageHistory history = await _client.GetUsageHistoryAsync("acme", "credits", "month", 3);
        MeterHistory months = Assert.Single(history.Items);
        Assert.Contains(months.Periods, period => period is { Current: true, Used: 10m });
        AccountLimits limits = await _client.GetLimitsAsync("acme");
        Assert.Contains(limits.Limits, limit => limit is { Meter: "tokens", Scope: "user", Per: "day", Limit: 300m, Enforcement: "hard" });
        Assert.Equal((2m, 60m, "user"), (limits.Rates["api"].Limit, limits.Rates["api"].WindowSeconds, limits.Rates["api"].Scope));
        Assert.Equal(500m, limits.Requests["max_file_bytes"]);
        Assert.Equal(new SlotUsage("render", 0, 2, 0), Assert.Single(limits.Slots));
        Assert.Equal("3 seats", limits.Features["label"].GetString());
        Assert.Equal((false, true), ((await _client.GetFeatureAsync("acme", "advanced")).Enabled, (await _client.GetFeatureAsync("acme", "seats")).Value is not null));
        Assert.Equal("not_found", (await Assert.ThrowsAsync<WeirProblemException>(() => _client.GetFeatureAsync("acme", "flying"))).Code);
        Assert.Equal("unknown_account", (await Assert.ThrowsAsync<WeirProblemException>(() => _client.GetUsageAsync("nobody"))).Code);
    }

    [Fact(DisplayName = "The catalog is read and replaced, and only the version that was read when that is asked")]
    public async Task Catalog()
    {
        CatalogDocument read = await _client.GetCatalogAsync();
        Assert.Equal((Catalogs.Rich, CatalogFormat.Yaml), (read.Text, read.Format));
        CatalogDocument json = await _client.GetCatalogAsync(CatalogFormat.Json);
        Assert.Equal((CatalogFormat.Json, "rich"), (json.Format, json.Text.Member("name")));
        CatalogVersion next = await _client.ReplaceCatalogAsync(read.Text.Replace("limit: 5000", "limit: 6000", StringComparison.Ordinal), ifTag: read.Tag);
        Assert.Equal(2, next.Version);
        Assert.Equal("version_mismatch", (await Assert.ThrowsAsync<WeirProblemException>(() => _client.ReplaceCatalogAsync(read.Text, ifTag: read.Tag))).Code);
        WeirProblemException invalid = await Assert.ThrowsAsync<WeirProblemException>(() => _client.ReplaceCatalogAsync("name: x\nmeters: { a: { unit: u, scale: 99 } }"));
        Assert.Equal("invalid_catalog", invalid.Code);
        Assert.Contains(invalid.Errors, error => error.Line == 2);
    }
}
