using System.Diagnostics;

using Microsoft.Extensions.DependencyInjection;

using NodaTime;

using Weir.Engine;

namespace Weir.Benchmarks;

/// <summary>A piece of work of one or several commands, each of which is durable when it is answered.</summary>
/// <param name="Name">As it stands in the table.</param>
/// <param name="Commands">How many a piece has.</param>
/// <param name="Run">One piece, about an event of its own.</param>
/// <param name="Accounts">How the keys of the accounts begin that it is about.</param>
internal sealed record Work(string Name, int Commands, Func<Setting, UsageEvent, Task> Run, string Accounts = "acct");

/// <summary>What accounts are charged by and given, from callers that each wait for their answer.</summary>
internal static class CommandBenchmark
{
    public static readonly Work Consume = new("consume", 1, ConsumeAsync);

    /// <summary>Accounts that have been given something: it is looked at and drawn from whenever they use anything.</summary>
    private const string Given = "given";

    /// <summary>What a host does all day beside consuming.</summary>
    public static readonly IReadOnlyList<Work> Others =
    [
        new("reserve, commit", 2, async (setting, e) =>
        {
            await ReserveAsync(setting, e);
            Allowed(await setting.Reservations.CommitAsync(setting.Workspace, e.Id!.Value, new ReservationEnd { Properties = e.Properties }, CancellationToken.None));
        }),
        new("reserve, release", 2, async (setting, e) =>
        {
            await ReserveAsync(setting, e);
            Allowed(await setting.Reservations.ReleaseAsync(setting.Workspace, e.Id!.Value, null, null, CancellationToken.None));
        }),
        new("reserve, extend, commit", 3, async (setting, e) =>
        {
            await ReserveAsync(setting, e);
            Allowed(await setting.Reservations.ExtendAsync(setting.Workspace, e.Id!.Value, Duration.FromMinutes(2), null, null, CancellationToken.None));
            Allowed(await setting.Reservations.CommitAsync(setting.Workspace, e.Id!.Value, new ReservationEnd { Properties = e.Properties }, CancellationToken.None));
        }),
        new("consume, reverse", 2, async (setting, e) =>
        {
            await ConsumeAsync(setting, e);
            Allowed(await setting.Service<CorrectionService>().ReverseAsync(setting.Workspace, e.Id!.Value, "benchmark", null, CancellationToken.None));
        }),
        new("adjust", 1, async (setting, e) => Allowed(
            await setting.Service<CorrectionService>().AdjustAsync(setting.Workspace, e.Id!.Value, e.Account, "credits", 1, "benchmark", null, "bench", CancellationToken.None))),
        new("give", 1, async (setting, e) => Allowed(await setting.Service<GrantService>().GiveAsync(
            setting.Workspace, e.Id!.Value, e.Account, new GrantRequest { Meter = "credits", Amount = 1_000, BeforePlan = true }, null, AuditActor.OfHost("bench"), CancellationToken.None)),
            Given),
        new("consume what was given", 1, ConsumeAsync, Given),
    ];

    /// <summary>Makes the accounts that are given something: only what they use makes them.</summary>
    public static Task PrepareAsync(Setting setting, int accounts = 10_000) =>
        Task.WhenAll(Enumerable.Range(0, accounts).Select(i => ConsumeAsync(setting, Setting.Event($"first-{i}", $"{Given}-{i}", 1))));

    /// <summary>Pieces of work per second.</summary>
    /// <param name="prefix">Of the ids: no run repeats those of another.</param>
    public static async Task<double> MeasureAsync(Setting setting, Work work, int callers, TimeSpan length, string prefix, int accounts = 10_000)
    {
        long done = 0;
        Stopwatch watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (int i = 0; watch.Elapsed < length; i++)
            {
                await work.Run(setting, Setting.Event($"{prefix}-{caller}-{i}", $"{work.Accounts}-{(caller + (i * 7919)) % accounts}", i % 100));
                Interlocked.Increment(ref done);
            }
        })));
        return done / watch.Elapsed.TotalSeconds;
    }

    private static async Task ConsumeAsync(Setting setting, UsageEvent e) => Allowed(await setting.Admission.ConsumeAsync(setting.Workspace, e, ConsumeMode.Enforce, CancellationToken.None));

    private static async Task ReserveAsync(Setting setting, UsageEvent e) =>
        Allowed(await setting.Reservations.ReserveAsync(setting.Workspace, new ReservationRequest { Event = e, Ttl = Duration.FromMinutes(1) }, CancellationToken.None));

    private static void Allowed(Outcome outcome)
    {
        if (!outcome.Allowed)
        {
            throw new InvalidOperationException($"A command was refused: {outcome.Refusal}.");
        }
    }
}
