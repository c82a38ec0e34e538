using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>The names of what usage is grouped and filtered by.</summary>
public static class Dimensions
{
    public const string User = "user";
    public const string Source = "source";
    public const string Endpoint = "endpoint";
    public const string Model = "model";
    public const string Campaign = "campaign";
    public const string Status = "status";

    /// <summary>In front of the name of a property.</summary>
    public const string PropertyPrefix = "properties.";

    /// <summary>The dimensions that every event type has, beside the properties that it declares.</summary>
    public static IReadOnlyList<string> BuiltIn { get; } = [User, Source, Endpoint, Model, Campaign, Status];

    /// <summary>Whether summaries know a dimension: a built-in one, or a property that an event type of the catalog declares.</summary>
    public static bool IsSummed(string dimension, Catalog catalog) =>
        BuiltIn.Contains(dimension)
        || (dimension.StartsWith(PropertyPrefix, StringComparison.Ordinal) && catalog.Events.Values.Any(type => type.Dimensions.Contains(dimension[PropertyPrefix.Length..])));
}

/// <summary>How far a meter moved, and the time at which that counts.</summary>
internal readonly record struct Movement(string Meter, Instant At, long Amount);

/// <summary>
/// What an event or an adjustment amounts to with what came after it: its completion settles what it is, its reversal takes it back.
/// </summary>
/// <remarks>
/// Sum meters count where the event counts, levels where each change was recorded (BAL-7); so a reversed event has moved no sum meter
/// at all, and a level twice. What became known with the completion only, such as a cost, counts where the completion was recorded, as
/// it does in the balances.
/// </remarks>
internal sealed class NetEvent
{
    private readonly StoredEntry _entry;
    private readonly StoredEntry? _completion;
    private readonly IReadOnlyList<StoredEntry> _later;
    private readonly int _known;
    private readonly bool _reversed;
    private readonly bool _ran;

    /// <param name="history">An entry of usage, an adjustment or a reservation.</param>
    /// <param name="before">Only what came before this sequence number is known.</param>
    public NetEvent(EntryHistory history, long before = long.MaxValue)
    {
        _entry = history.Entry;
        _later = history.Later;
        while (_known < _later.Count && _later[_known].Sequence < before)
        {
            StoredEntry later = _later[_known++];
            _reversed |= later.Entry.Kind == EntryKind.Reversal;
            _completion = later.Entry.Kind is EntryKind.Completion or EntryKind.Commit ? later : _completion;
        }

        // A reservation has happened when its job is committed; what it expected to use is not what it used.
        _ran = Entry.Kind == EntryKind.Usage || _completion?.Entry.Kind == EntryKind.Commit;
    }

    public Entry Entry => _entry.Entry;

    /// <summary>Empty for an adjustment.</summary>
    public string Type => Entry.Type ?? "";

    /// <summary>Whether it stands as something that happened, well or not.</summary>
    public bool Happened => _ran && !_reversed;

    public bool Failed => ((Entry.Flags | (_completion?.Entry.Flags ?? EntryFlags.None)) & EntryFlags.Failed) != EntryFlags.None;

    public long? LatencyMs => _completion?.Details.LatencyMs ?? _entry.Details.LatencyMs;

    public IEnumerable<Movement> Movements()
    {
        for (int i = -1; i < _known; i++)
        {
            Entry entry = i < 0 ? Entry : _later[i].Entry;
            if (entry.Kind is EntryKind.Reservation or EntryKind.Growth or EntryKind.Release or EntryKind.Expiry)
            {
                continue;
            }

            foreach (Charge charge in entry.Charges)
            {
                if (charge.Kind == MeterKind.Level)
                {
                    yield return new Movement(charge.Meter, entry.RecordedAt, LevelChange(entry, charge));
                }
                else if (!_reversed)
                {
                    yield return new Movement(charge.Meter, entry.Kind == EntryKind.Commit ? entry.CountedAt : IsOfTheEvent(charge.Meter) ? Entry.CountedAt : entry.RecordedAt, charge.Amount.Units);
                }
            }
        }
    }

    /// <summary>The value of a dimension as summaries hold it, users and campaigns by their ids; null when it has none.</summary>
    public string? ValueOf(string dimension) => NullIfEmpty(dimension switch
    {
        Dimensions.User => IdText(Entry.Scopes.User),
        Dimensions.Campaign => IdText(Entry.Scopes.Campaign),
        Dimensions.Source => _entry.Details.Source,
        Dimensions.Endpoint => _entry.Details.Endpoint,
        Dimensions.Model => _completion?.Details.Model ?? _entry.Details.Model,
        Dimensions.Status => _completion?.Details.Status ?? _entry.Details.Status,
        _ => PropertyText(dimension[Dimensions.PropertyPrefix.Length..]),
    });

    private bool IsOfTheEvent(string meter)
    {
        foreach (Charge charge in Entry.Charges)
        {
            if (charge.Meter == meter)
            {
                return true;
            }
        }

        return false;
    }

    private string? PropertyText(string name)
    {
        ReadOnlySpan<Properties> places = [Entry.Properties, _entry.Details.FreeProperties, _completion?.Entry.Properties ?? Properties.Empty, _completion?.Details.FreeProperties ?? Properties.Empty];
        foreach (Properties place in places)
        {
            if (place.TryGet(name, out PropertyValue value) && value.Kind != PropertyKind.Json)
            {
                return value.ToString();
            }
        }

        return null;
    }

    /// <summary>What the balance made of it: a level that would have fallen below zero moved less than was charged.</summary>
    private static long LevelChange(Entry entry, Charge charge)
    {
        EntryLine? moved = null;
        foreach (EntryLine line in entry.Lines)
        {
            if (line.Key.Meter == charge.Meter && line.Key.Scope != ScopeKind.Workspace && (moved is null || line.Key.Scope == ScopeKind.Account))
            {
                moved = line;
            }
        }

        return (moved?.Delta ?? charge.Amount).Units;
    }

    private static string? IdText(long id) => id == 0 ? null : id.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
