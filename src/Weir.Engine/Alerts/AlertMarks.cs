using System.Collections;
using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>A threshold that stands raised.</summary>
/// <param name="Generation">The generation in which it was raised; with balance and threshold it is what the alert is known by (ALERT-1).</param>
public readonly record struct RaisedThreshold(AlertThreshold Threshold, int Generation);

/// <summary>What has been raised on one balance, so that it is raised once.</summary>
/// <param name="Generation">The one in which the next threshold is raised; it rises when something is resolved.</param>
/// <param name="Limit">The limit as it was last seen; null without limit.</param>
public sealed record AlertMark(BalanceKey Key, Instant PeriodEnd, int Generation, Quantity? Limit, ImmutableArray<RaisedThreshold> Raised)
{
    /// <summary>Nothing of it needs to be remembered.</summary>
    internal bool IsBlank => Generation == 0 && Raised.IsEmpty;

    public bool Equals(AlertMark? other) => other is not null && Key == other.Key && PeriodEnd == other.PeriodEnd && Generation == other.Generation
        && Limit == other.Limit && Raised.AsSpan().SequenceEqual(other.Raised.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Key, Generation, Raised.Length);
}

/// <summary>What has been raised on the balances of an account. Immutable.</summary>
public sealed class AlertMarks : IEnumerable<AlertMark>
{
    public static readonly AlertMarks Empty = new(StateMap<BalanceKey, AlertMark>.Empty, 0, Instant.MaxValue);

    private readonly StateMap<BalanceKey, AlertMark> _marks;
    private readonly Instant _firstEnd;

    private AlertMarks(StateMap<BalanceKey, AlertMark> marks, int catalogVersion, Instant firstEnd)
    {
        _marks = marks;
        CatalogVersion = catalogVersion;
        _firstEnd = firstEnd;
    }

    /// <summary>The active catalog when the limits of all these balances were last looked at; 0 where there are none.</summary>
    public int CatalogVersion { get; }

    public bool IsEmpty => _marks.IsEmpty;

    public AlertMark? Find(BalanceKey key) => _marks.GetValueOrDefault(key);

    public AlertMarks Set(AlertMark mark)
    {
        ArgumentNullException.ThrowIfNull(mark);
        return new AlertMarks(_marks.SetItem(mark.Key, mark), CatalogVersion, Instant.Min(_firstEnd, mark.PeriodEnd));
    }

    public AlertMarks Remove(BalanceKey key) => _marks.ContainsKey(key) ? Of(_marks.Remove(key), CatalogVersion) : this;

    public AlertMarks SeenUnder(int catalogVersion)
    {
        int version = _marks.IsEmpty ? 0 : catalogVersion;
        return version == CatalogVersion ? this : new AlertMarks(_marks, version, _firstEnd);
    }

    /// <summary>Without those of periods that have ended.</summary>
    public AlertMarks At(Instant now) =>
        now < _firstEnd ? this : Of(_marks.RemoveRange(_marks.Where(pair => pair.Value.PeriodEnd <= now).Select(pair => pair.Key)), CatalogVersion);

    /// <summary>The parts in which states are stored: one for each user, campaign or key, by its id, and 0 for the account and the version.</summary>
    public IEnumerable<long> ChangedSince(AlertMarks before)
    {
        ArgumentNullException.ThrowIfNull(before);
        HashSet<long> changed = [];
        if (CatalogVersion != before.CatalogVersion)
        {
            changed.Add(0);
        }

        changed.UnionWith(_marks.Where(pair => !ReferenceEquals(pair.Value, before.Find(pair.Key))).Select(pair => pair.Key.ScopeId));
        changed.UnionWith(before._marks.Where(pair => !_marks.ContainsKey(pair.Key)).Select(pair => pair.Key.ScopeId));
        return changed;
    }

    /// <summary>With one part as it was stored, in place of what there was of it.</summary>
    public AlertMarks WithPart(long number, int? catalogVersion, IEnumerable<AlertMark> marks)
    {
        StateMap<BalanceKey, AlertMark> others = _marks.RemoveRange(_marks.Keys.Where(key => key.ScopeId == number));
        return Of(others.SetItems(marks.Select(mark => KeyValuePair.Create(mark.Key, mark))), number == 0 ? catalogVersion ?? 0 : CatalogVersion);
    }

    /// <summary>The marks of one part, in a fixed order.</summary>
    public IEnumerable<AlertMark> PartOf(long number) => this.Where(mark => mark.Key.ScopeId == number);

    /// <summary>In an order that does not depend on how they came about.</summary>
    public IEnumerator<AlertMark> GetEnumerator() => _marks.Values
        .OrderBy(mark => mark.Key.ScopeId).ThenBy(mark => mark.Key.Scope).ThenBy(mark => mark.Key.Meter, StringComparer.Ordinal).ThenBy(mark => mark.Key.Per).ThenBy(mark => mark.Key.PeriodStart)
        .GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static AlertMarks Of(StateMap<BalanceKey, AlertMark> marks, int catalogVersion) =>
        new(marks, catalogVersion, marks.Values.Select(mark => mark.PeriodEnd).DefaultIfEmpty(Instant.MaxValue).Min());
}
