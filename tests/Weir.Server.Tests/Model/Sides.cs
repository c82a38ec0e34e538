using System.Globalization;
using System.Text.Json.Nodes;

using Microsoft.Extensions.DependencyInjection;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;
using Weir.PostgreSql;
using Weir.Storage.Tests;

namespace Weir.Server.Tests.Model;

/// <summary>Something that carries steps out for real.</summary>
internal interface ISide : IDisposable
{
    string Name { get; }

    /// <param name="model">The engine after the step: its time, and whether there was a slot.</param>
    string Do(Step step, EngineModel model);
}

/// <summary>The services over a store.</summary>
internal sealed class ServiceSide(string name, WeirHost host, FakeClock clock, OneStore store) : ISide
{
    private WorkspaceId Workspace => host.Services.GetRequiredService<StoreLifetime>().Default.Id;

    public string Name => name;

    public string Do(Step step, EngineModel model)
    {
        clock.Now = model.Now;
        return Task.Run(() => step.Verb == Verb.Look ? LookAsync(step) : ToldAsync(step, model)).GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        Task.Run(async () => await host.DisposeAsync()).GetAwaiter().GetResult();
        store.Dispose();
    }

    private async Task<string> ToldAsync(Step step, EngineModel model) => Told.Of(step, await DoAsync(step, model));

    private async Task<string> LookAsync(Step step) =>
        await host.Services.GetRequiredService<UsageService>().FindAsync(Workspace, new AccountKey(step.Account), CancellationToken.None) is { } usage
            ? Told.Of(usage.Plan.Key, usage.Lines, usage.Slots.Sum(slot => slot.Used))
            : Refusal.UnknownAccount.Code();

    private async Task<Outcome> DoAsync(Step step, EngineModel model)
    {
        EventId id = new(step.Id);
        AccountKey account = new(step.Account);
        ReservationService reservations = host.Services.GetRequiredService<ReservationService>();
        AdmissionService admission = host.Services.GetRequiredService<AdmissionService>();
        Properties number = Properties.Of([KeyValuePair.Create("n", PropertyValue.Of(step.Number))]);
        UsageEvent e = new() { Id = id, Account = account, Type = step.Type, Properties = number, Details = new EventDetails { User = step.User } };
        Duration ttl = Duration.FromSeconds(step.Ttl);
        switch (step.Verb)
        {
            case Verb.Consume:
                return await admission.ConsumeAsync(Workspace, e, ConsumeMode.Enforce, CancellationToken.None);
            case Verb.BestEffort:
                return await admission.ConsumeAsync(Workspace, e, ConsumeMode.BestEffort, CancellationToken.None);
            case Verb.Record:
                return (await admission.RecordAsync(Workspace, [e], CancellationToken.None))[0];
            case Verb.Reserve:
                return await reservations.ReserveAsync(Workspace, new ReservationRequest { Event = e, Ttl = ttl }, CancellationToken.None);
            case Verb.WaitReserve:
                // A reservation that finds a slot does not wait; one that does not would, for as long as the test's own clock runs.
                return await reservations.ReserveAsync(Workspace, new ReservationRequest { Event = e, Ttl = ttl, Wait = Duration.FromSeconds(model.HadSlot ? 5 : 0) }, CancellationToken.None);
            case Verb.Give:
                return await host.Services.GetRequiredService<GrantService>().GiveAsync(Workspace, id, account, step.Grant, "model", AuditActor.Host, CancellationToken.None);
            case Verb.EndGrant:
                return await host.Services.GetRequiredService<GrantService>().EndAsync(Workspace, account, id, AuditActor.Host, CancellationToken.None);
            case Verb.Reset:
                return await host.Services.GetRequiredService<CorrectionService>().AdjustAsync(Workspace, id, account, step.ResetMeter, null, "model", "model", "model", CancellationToken.None);
            case Verb.Commit:
                ReservationEnd end = new() { Properties = step.Word == "held" ? null : number, Overrun = step.Word switch { "consume" => Overrun.Consume, "record" => Overrun.Record, _ => Overrun.Reject } };
                return await reservations.CommitAsync(Workspace, id, end, CancellationToken.None);
            case Verb.Release:
                return await reservations.ReleaseAsync(Workspace, id, null, null, CancellationToken.None);
            case Verb.Extend:
                return await reservations.ExtendAsync(Workspace, id, ttl, null, null, CancellationToken.None);
            case Verb.Grow:
                return await reservations.GrowAsync(Workspace, id, new EventId(EngineModel.GrowthOf(step)), number, null, null, CancellationToken.None);
            case Verb.Reverse:
                return await host.Services.GetRequiredService<CorrectionService>().ReverseAsync(Workspace, id, null, "model", CancellationToken.None);
            case Verb.Adjust:
                return await host.Services.GetRequiredService<CorrectionService>().AdjustAsync(Workspace, id, account, "credits", EngineModel.AdjustmentOf(step), "model", "model", "model", CancellationToken.None);
            case Verb.Override:
                return await ChangeAsync(account, new AccountChange { SetOverride = step.Override }, create: false);
            case Verb.PlanChange:
                return await ChangeAsync(account, new AccountChange { Subscribe = step.Subscription }, create: false);
            case Verb.CancelPlanned:
                return await ChangeAsync(account, new AccountChange { CancelPlanned = true }, create: false);
            case Verb.Suspend:
                return await ChangeAsync(account, step.Suspension, create: true);
            case Verb.Move:
                return await ChangeAsync(account, step.Moving, create: true);
            default:
                return await ChangeAsync(account, new AccountChange { Plan = step.Plan }, create: true);
        }
    }

    private Task<Outcome> ChangeAsync(AccountKey account, AccountChange change, bool create) =>
        host.Services.GetRequiredService<AccountService>().ChangeAsync(Workspace, account, change, null, create, AuditActor.Host, CancellationToken.None);
}

/// <summary>The API, called as any language would.</summary>
internal sealed class HttpSide(WeirHost host, FakeClock clock) : ISide
{
    public string Name => "HTTP";

    public string Do(Step step, EngineModel model)
    {
        clock.Now = model.Now;
        return Told.Of(step, Task.Run(() => DoAsync(step, model)).GetAwaiter().GetResult());
    }

    public void Dispose() => Task.Run(async () => await host.DisposeAsync()).GetAwaiter().GetResult();

    private Task<Reply> DoAsync(Step step, EngineModel model)
    {
        string n = step.Number.ToString(CultureInfo.InvariantCulture);
        string user = step.User is null ? "" : $", \"user\": \"{step.User}\"";
        string e = $"\"id\": \"{step.Id}\", \"account\": \"{step.Account}\", \"type\": \"{step.Type}\", \"properties\": {{ \"n\": {n} }}{user}";
        string reservation = $"/api/v1/reservations/{step.Id}";
        string account = $"/api/v1/accounts/{step.Account}";
        string overrun = step.Word == "held" ? "reject" : step.Word;
        return step.Verb switch
        {
            Verb.Consume => host.Admin.PostJsonAsync("/api/v1/consume", $"{{ {e} }}"),
            Verb.BestEffort => host.Admin.PostJsonAsync("/api/v1/consume", $"{{ {e}, \"mode\": \"best_effort\" }}"),
            Verb.Record => host.Admin.PostJsonAsync("/api/v1/events", $"{{ {e} }}"),
            Verb.Reserve => host.Admin.PostJsonAsync("/api/v1/reservations", $"{{ {e}, \"ttl\": {step.Ttl} }}"),
            Verb.Commit => host.Admin.PostJsonAsync(reservation + "/commit", step.Word == "held" ? "{}" : $"{{ \"properties\": {{ \"n\": {n} }}, \"overrun\": \"{overrun}\" }}"),
            Verb.Release => host.Admin.PostJsonAsync(reservation + "/release", "{}"),
            Verb.Extend => host.Admin.PostJsonAsync(reservation + "/extend", $"{{ \"ttl\": {step.Ttl} }}"),
            Verb.Grow => host.Admin.PostJsonAsync(reservation + "/grow", $"{{ \"id\": \"{EngineModel.GrowthOf(step)}\", \"properties\": {{ \"n\": {n} }} }}"),
            Verb.Reverse => host.Admin.PostJsonAsync($"/api/v1/events/{step.Id}/reverse", "{}"),
            Verb.Adjust => host.Admin.PostJsonAsync(
                $"/api/v1/accounts/{step.Account}/adjustments",
                $"{{ \"id\": \"{step.Id}\", \"meter\": \"credits\", \"amount\": {EngineModel.AdjustmentOf(step).ToString(CultureInfo.InvariantCulture)}, \"reason\": \"model\", \"actor\": \"model\" }}"),
            Verb.Reset => host.Admin.PostJsonAsync($"{account}/adjustments", $"{{ \"id\": \"{step.Id}\", \"meter\": \"{step.ResetMeter}\", \"reset\": true, \"reason\": \"model\", \"actor\": \"model\" }}"),
            Verb.WaitReserve => host.Admin.PostJsonAsync("/api/v1/reservations", $"{{ {e}, \"ttl\": {step.Ttl}, \"wait\": {(model.HadSlot ? 5 : 0)} }}"),
            Verb.Give => host.Admin.PostJsonAsync($"{account}/grants", GrantOf(step)),
            Verb.EndGrant => host.Admin.DeleteCallAsync($"{account}/grants/{step.Id}"),
            Verb.Override => host.Admin.PutJsonAsync($"{account}/overrides/credits", $"{{ \"limit\": {n.TrimStart('-')}{Until(step.Override.Until)} }}"),
            Verb.PlanChange => host.Admin.PutJsonAsync(
                $"{account}/subscription",
                $"{{ \"plan\": \"{step.Plan}\", \"when\": \"{(step.Subscription.When == PlanStart.NextPeriod ? "next_period" : "immediate")}\"{Until(step.Subscription.Until)}{(step.Subscription.Then is { } then ? $", \"then\": \"{then}\"" : "")} }}"),
            Verb.CancelPlanned => host.Admin.DeleteCallAsync($"{account}/subscription/scheduled"),
            Verb.Suspend => host.Admin.PutJsonAsync(account, $"{{ \"suspended\": {(step.Suspension.Suspended == true ? "true" : "false")} }}"),
            Verb.Move => host.Admin.PutJsonAsync(
                account, $"{{ \"timeZone\": \"{step.Moving.Zone!.Id}\"{(step.Moving.Anchor is { } anchor ? $", \"anchor\": \"{LocalDateTimePattern.ExtendedIso.Format(anchor)}\"" : "")} }}"),
            Verb.Look => host.Admin.ReadAsync($"{account}/usage"),
            _ => host.Admin.PutJsonAsync(account, $"{{ \"plan\": \"{step.Plan}\" }}"),
        };
    }

    private static string Until(Instant? until) => until is { } time ? $", \"until\": \"{InstantPattern.ExtendedIso.Format(time)}\"" : "";

    private static string GrantOf(Step step)
    {
        GrantRequest grant = step.Grant;
        return new JsonObject
        {
            ["id"] = step.Id,
            ["meter"] = grant.Meter,
            ["amount"] = grant.Amount,
            ["per"] = grant.Per?.Name(),
            ["priority"] = grant.Priority,
            ["start"] = grant.Start is { } start ? InstantPattern.ExtendedIso.Format(start) : null,
            ["expiry"] = grant.Expiry is { } expiry ? InstantPattern.ExtendedIso.Format(expiry) : null,
            ["beforePlan"] = grant.BeforePlan,
            ["recurrence"] = grant.Recurrence?.Name(),
            ["rollover"] = grant.Rollover is { } rollover ? new JsonObject { ["max"] = rollover.Max, ["min"] = rollover.Min } : null,
            ["actor"] = "model",
        }.ToJsonString();
    }
}

/// <summary>All sides at once.</summary>
internal sealed class AllSides : IDisposable
{
    private readonly List<ISide> _sides;

    public AllSides() => _sides = Task.Run(OpenAsync).GetAwaiter().GetResult();

    /// <summary>The sides that answered something else than the model.</summary>
    public IReadOnlyList<string> Differing(Step step, EngineModel model) =>
        [.. _sides.Select(side => (side.Name, Answer: side.Do(step, model))).Where(side => side.Answer != model.Told).Select(side => $"{side.Name}: {side.Answer}")];

    public void Dispose() => _sides.ForEach(side => side.Dispose());

    private static async Task<List<ISide>> OpenAsync()
    {
        FakeClock http = new(EngineModel.Start);
        List<ISide> sides = [new HttpSide(await OpenAsync(http, null), http)];
        foreach (string kind in (string[])["memory", "sqlite", "postgresql"])
        {
            FakeClock clock = new(EngineModel.Start);
            OneStore store = OneStore.Of(kind, clock);
            WeirHost host = await OpenAsync(clock, store.AddTo);
            if (host.Services.GetRequiredService<IWeirStore>().Ledger is PostgreSqlLedger ledger)
            {
                // It leaves looking for ids to the write: then most of the repeats here are decided twice.
                ledger.Repeats = new ExpectedRepeats(0);
            }

            sides.Add(new ServiceSide(kind, host, clock, store));
        }

        return sides;
    }

    private static async Task<WeirHost> OpenAsync(FakeClock clock, Action<WeirBuilder>? store)
    {
        // A sweep in between changes no answer but by a microsecond: the period that it opens was then decided in before.
        WeirHost host = await WeirHost.StartAsync(catalog: null, store: store, clock: clock, configure: options => options.Sweeping = false);
        (await host.Admin.PutAsync("/api/v1/catalog", Step.Catalog, "application/yaml")).ExpectOk();
        return host;
    }
}
