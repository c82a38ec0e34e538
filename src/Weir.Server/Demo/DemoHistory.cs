using NodaTime;

using Weir.Engine;

using Period = Weir.Engine.Period;

namespace Weir.Server;

/// <summary>
/// Ninety days of one account before it was made. Everything follows from the account's key and the instant of its creation, so that a
/// restart makes the same events with the same ids and counts nothing twice.
/// </summary>
internal sealed class DemoHistory
{
    public const int Days = 90;

    /// <summary>Mean days of a month.</summary>
    private const double Month = 30.44;

    private readonly DemoAccount _account;
    private readonly Account _head;
    private readonly Catalog _catalog;
    private readonly Plan _plan;
    private readonly DateTimeZone _zone;
    private readonly Random _random;
    private readonly Dictionary<(string Meter, Instant Start), Quantity> _used = [];
    private readonly List<UsageEvent> _events = [];

    private DemoHistory(DemoAccount account, Account head, Catalog catalog)
    {
        _account = account;
        _head = head;
        _catalog = catalog;
        _plan = catalog.Plans[account.Plan];
        _zone = DateTimeZoneProviders.Tzdb[account.Zone];
        _random = new Random(SeedOf(account.Key));
    }

    public static IReadOnlyList<UsageEvent> Of(DemoAccount account, Account head, Catalog catalog)
    {
        DemoHistory history = new(account, head, catalog);
        history.Fill();
        return history._events;
    }

    private void Fill()
    {
        double credits = LimitOf("credits");
        LocalDate last = _head.CreatedAt.InZone(_zone).Date;
        double tools = credits * _account.Pace / AverageCredits();
        double sessions = LimitOf("sessions") * Math.Min(0.85, _account.Pace * 0.8);
        double exports = LimitOf("pdf_exports") * Math.Min(0.8, _account.Pace * 0.6);
        double assets = 6 + (_account.Users * 4);
        double assetBytes = LimitOf("storage") * Math.Min(0.9, 0.25 + (_account.Pace * 0.5)) / (assets * Days / Month);
        Owed owed = default;
        for (int back = Days; back >= 0; back--)
        {
            LocalDate day = last.PlusDays(-back);
            List<(Instant At, Func<UsageEvent> Make)> plan = [];
            if (back == Days)
            {
                plan.Add((At(day), () => DemoEvents.Members(_account, Math.Max(1, _account.Users - (_account.Users / 4)), _random)));
            }
            else if (_account.Users > 4 && back % 28 == 13)
            {
                plan.Add((At(day), () => DemoEvents.Members(_account, _account.Users / 16 + 1, _random)));
            }

            double busy = DemoRhythm.OfDay(day) * (0.8 + (0.4 * _random.NextDouble())) * Math.Clamp(1 - (_account.Growth * back / Month), 0.3, 1.5) / Month;
            owed.Tools += tools * busy;
            owed.Sessions += sessions * busy;
            owed.Exports += exports * busy;
            owed.Assets += assets * busy;
            Take(ref owed.Tools, plan, day, () => DemoEvents.Tool(_account, _random));
            Take(ref owed.Sessions, plan, day, () => DemoEvents.Session(_account, _random));
            Take(ref owed.Exports, plan, day, () => DemoEvents.Export(_account, _random));
            Take(ref owed.Assets, plan, day, () => DemoEvents.Asset(_account, AssetBytes(assetBytes), _random));
            foreach ((Instant at, Func<UsageEvent> make) in plan.OrderBy(p => p.At))
            {
                Add(at, make());
            }
        }
    }

    /// <summary>What a day's work comes to is carried over to the next as a part of an event.</summary>
    private void Take(ref double owed, List<(Instant At, Func<UsageEvent> Make)> plan, LocalDate day, Func<UsageEvent> make)
    {
        for (; owed >= 1; owed--)
        {
            plan.Add((At(day), make));
        }
    }

    private long AssetBytes(double mean)
    {
        double size = mean * (0.2 + (1.6 * _random.NextDouble()));
        return (long)(_random.NextDouble() < 0.07 ? -size / 2 : size);
    }

    private Instant At(LocalDate day) =>
        day.At(DemoRhythm.TimeAt(_random.NextDouble())).InZoneLeniently(_zone).ToInstant() + Duration.FromMilliseconds(_random.Next(1000));

    /// <summary>Takes the event, unless a limit would have refused it.</summary>
    private void Add(Instant at, UsageEvent e)
    {
        if (at >= _head.CreatedAt || !Fits(at, e))
        {
            return;
        }

        _events.Add(e with { Id = new Engine.EventId($"demo-{_account.Key}-{_events.Count + 1}"), At = at, Import = true });
    }

    private bool Fits(Instant at, UsageEvent e)
    {
        EventType type = _catalog.Events[e.Type];
        if (e.Failed || Rater.Rate(_catalog, type, e.Properties, null, out _) is not { } rated)
        {
            return e.Failed;
        }

        List<((string, Instant) Balance, Quantity After)> moves = [];
        foreach (Charge charge in rated.Charges)
        {
            Allowance? allowance = _plan.Allowances.FirstOrDefault(a => a.Meter.Key == charge.Meter);
            if (allowance is null)
            {
                continue;
            }

            Period period = _head.Timeline.At(allowance.Per, at);
            Quantity after = _used.GetValueOrDefault((charge.Meter, period.Start)) + charge.Amount;
            Quantity? wall = allowance.Enforcement == LimitEnforcement.Hard ? allowance.Limit : allowance.Ceiling;
            if (after > wall || after < Quantity.Zero)
            {
                return false;
            }

            moves.Add(((charge.Meter, period.Start), after));
        }

        foreach (((string, Instant) balance, Quantity after) in moves)
        {
            _used[balance] = after;
        }

        return true;
    }

    private double LimitOf(string meter) =>
        _plan.Allowances.First(a => a.Meter.Key == meter) is { Limit: { } limit } allowance ? (double)limit.ToDecimal(allowance.Meter.Scale) : 0;

    /// <summary>What a call of this account costs on average, by the catalog itself.</summary>
    private double AverageCredits()
    {
        const int sample = 400;
        Random random = new(SeedOf(_account.Key) ^ 1);
        decimal sum = 0;
        for (int i = 0; i < sample; i++)
        {
            UsageEvent e = DemoEvents.Tool(_account, random);
            if (!e.Failed && Rater.Rate(_catalog, _catalog.Events[e.Type], e.Properties, null, out _) is { } rated)
            {
                sum += rated.Charges.Where(c => c.Meter == "credits").Sum(c => c.Amount.ToDecimal(c.Scale));
            }
        }

        return (double)(sum / sample);
    }

    /// <summary>The same number for the same text in every process.</summary>
    private static int SeedOf(string text) => unchecked((int)text.Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619u));

    private record struct Owed
    {
        public double Tools;
        public double Sessions;
        public double Exports;
        public double Assets;
    }
}
