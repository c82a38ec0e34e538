using System.Globalization;

using Microsoft.Extensions.DependencyInjection;

using NodaTime;

using Weir.Engine;
using Weir.Sqlite;
using Weir.Storage.Tests;

namespace Weir.Server.Tests.Model;

/// <summary>Something that carries steps out for real.</summary>
internal interface ISide : IDisposable
{
    string Name { get; }

    string Do(Step step, Instant now);
}

/// <summary>The services over a store.</summary>
internal sealed class ServiceSide(string name, WeirHost host, FakeClock clock, string? folder) : ISide
{
    private WorkspaceId Workspace => host.Services.GetRequiredService<StoreLifetime>().Default.Id;

    public string Name => name;

    public string Do(Step step, Instant now)
    {
        clock.Now = now;
        return Told.Of(Task.Run(() => DoAsync(step)).GetAwaiter().GetResult());
    }

    public void Dispose()
    {
        Task.Run(async () => await host.DisposeAsync()).GetAwaiter().GetResult();
        if (folder is not null)
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<Outcome> DoAsync(Step step)
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
                AccountChange limit = new() { SetOverride = new LimitOverride("credits", ScopeKind.Account, null, new Quantity(Math.Abs(step.Amount)), null, null) };
                return Short(await host.Services.GetRequiredService<AccountService>().ChangeAsync(Workspace, account, limit, null, false, AuditActor.Host, CancellationToken.None));
            default:
                return Short(await host.Services.GetRequiredService<AccountService>().ChangeAsync(
                    Workspace, account, new AccountChange { Plan = EngineModel.PlanOf(step) }, null, true, AuditActor.Host, CancellationToken.None));
        }
    }

    private static Outcome Short(Outcome outcome) => outcome with { Entry = null, Hold = null };
}

/// <summary>The API, called as any language would.</summary>
internal sealed class HttpSide(WeirHost host, FakeClock clock) : ISide
{
    public string Name => "HTTP";

    public string Do(Step step, Instant now)
    {
        clock.Now = now;
        Reply reply = Task.Run(() => DoAsync(step)).GetAwaiter().GetResult();
        return step.Verb is Verb.Override or Verb.Subscribe && (int)reply.Status < 400 ? "ok" : Told.Of(reply);
    }

    public void Dispose() => Task.Run(async () => await host.DisposeAsync()).GetAwaiter().GetResult();

    private Task<Reply> DoAsync(Step step)
    {
        string n = step.Number.ToString(CultureInfo.InvariantCulture);
        string user = step.User is null ? "" : $", \"user\": \"{step.User}\"";
        string e = $"\"id\": \"{step.Id}\", \"account\": \"{step.Account}\", \"type\": \"{step.Type}\", \"properties\": {{ \"n\": {n} }}{user}";
        string reservation = $"/api/v1/reservations/{step.Id}";
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
            Verb.Override => host.Admin.PutJsonAsync($"/api/v1/accounts/{step.Account}/overrides/credits", $"{{ \"limit\": {n.TrimStart('-')} }}"),
            _ => host.Admin.PutJsonAsync($"/api/v1/accounts/{step.Account}", $"{{ \"plan\": \"{EngineModel.PlanOf(step)}\" }}"),
        };
    }
}

/// <summary>All sides at once.</summary>
internal sealed class AllSides : IDisposable
{
    private readonly List<ISide> _sides;

    public AllSides() => _sides = Task.Run(OpenAsync).GetAwaiter().GetResult();

    /// <summary>The sides that answered something else than the model.</summary>
    public IReadOnlyList<string> Differing(Step step, EngineModel model) =>
        [.. _sides.Select(side => (side.Name, Answer: side.Do(step, model.Now))).Where(side => side.Answer != model.Told).Select(side => $"{side.Name}: {side.Answer}")];

    public void Dispose() => _sides.ForEach(side => side.Dispose());

    private static async Task<List<ISide>> OpenAsync()
    {
        string folder = Directory.CreateTempSubdirectory("weir-model-").FullName;
        (FakeClock memory, FakeClock sqlite, FakeClock http) = (new FakeClock(EngineModel.Start), new FakeClock(EngineModel.Start), new FakeClock(EngineModel.Start));
        return
        [
            new ServiceSide("memory", await OpenAsync(memory, null), memory, null),
            new ServiceSide("SQLite", await OpenAsync(sqlite, weir => weir.AddSqlite(Path.Combine(folder, "usage.db"))), sqlite, folder),
            new HttpSide(await OpenAsync(http, null), http),
        ];
    }

    private static async Task<WeirHost> OpenAsync(FakeClock clock, Action<WeirBuilder>? store)
    {
        WeirHost host = await WeirHost.StartAsync(catalog: null, store: store, clock: clock);
        (await host.Admin.PutAsync("/api/v1/catalog", Step.Catalog, "application/yaml")).ExpectOk();
        return host;
    }
}
