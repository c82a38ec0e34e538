using NodaTime;

namespace Weir.Engine;

/// <summary>One rate that an event counts in, as it stands before the decision.</summary>
internal readonly record struct TouchedRate(RateLimit Limit, RateKey Key, RateWindow Window, long Amount)
{
    /// <summary>The plan's and the workspace's rates of the event type; a rate that neither defines does not limit.</summary>
    public static IReadOnlyList<TouchedRate> Of(
        AccountState account, AccountState workspace, Catalog active, Plan plan, Consume command, Quantity[] amounts)
    {
        if (command.Failed || command.Import || command.Continues || command.Rated.Type.Rates.IsEmpty)
        {
            return [];
        }

        List<TouchedRate> touched = new(command.Rated.Type.Rates.Length);
        foreach (string name in command.Rated.Type.Rates)
        {
            if (plan.Rates.TryGetValue(name, out RateLimit? own))
            {
                touched.Add(At(own, account, command, amounts));
            }

            if (active.Workspace.Rates.TryGetValue(name, out RateLimit? shared))
            {
                touched.Add(At(shared, workspace, command, amounts));
            }
        }

        return touched;
    }

    public Violation Violation(Instant now) => new(Refusal.RateLimited)
    {
        Name = Limit.Name,
        Meter = Limit.Meter?.Key,
        Scale = Limit.Meter?.Scale ?? 0,
        Scope = Key.Scope,
        Limit = Limit.Limit,
        Used = new Quantity(Window.Sum(now)),
        Requested = new Quantity(Amount),
        Remaining = new Quantity(Math.Max(0, Limit.Limit.Units - Window.Sum(now))),
        ResetsAt = Window.RoomAt(now, Amount, Limit.Limit.Units),
    };

    private static TouchedRate At(RateLimit limit, AccountState holder, Consume command, Quantity[] amounts)
    {
        RateKey key = new(limit.Scope, command.Scopes.IdOf(limit.Scope), limit.Name);
        RateWindow window = holder.Rates.TryGetValue(key, out RateWindow? found) ? found.WithLength(limit.Window, command.Now) : RateWindow.Empty(limit.Window);
        long amount = 1;
        if (limit.Meter is { } meter)
        {
            amount = 0;
            for (int i = 0; i < amounts.Length; i++)
            {
                amount = command.Rated.Charges[i].Meter == meter.Key ? Math.Max(0, amounts[i].Units) : amount;
            }
        }

        return new TouchedRate(limit, key, window, amount);
    }
}
