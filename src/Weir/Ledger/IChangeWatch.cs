namespace Weir;

/// <summary>What a node remembers of a workspace so as not to ask the store at each request.</summary>
public enum Remembered
{
    /// <summary>API keys and portal tokens.</summary>
    Keys = 0,

    /// <summary>Which catalog version is active, and the texts of versions.</summary>
    Catalog = 1,
}

/// <summary>Tells a node whether what it remembers still stands.</summary>
public interface IChangeWatch
{
    /// <summary>
    /// A number that becomes another one when something of the kind has changed, whoever changed it. What was read after it was taken may be
    /// relied on while it stays the same. Null while the store cannot tell in time: then what is remembered is good for a second at the most.
    /// </summary>
    long? Stamp(WorkspaceId workspace, Remembered kind);
}

/// <summary>For a store that one process has to itself: whoever changes something there sees to what is remembered.</summary>
internal sealed class NoOtherNodes : IChangeWatch
{
    public static readonly NoOtherNodes Instance = new();

    public long? Stamp(WorkspaceId workspace, Remembered kind) => 0;
}

/// <summary>How long something remembered may be relied on.</summary>
/// <param name="ReadAt">Timestamp of before it was read.</param>
/// <param name="Stamp">As the store's watch gave it before it was read.</param>
public readonly record struct Freshness(long ReadAt, long? Stamp)
{
    /// <summary>After that it is read again, whatever the watch says: no fault of a watch keeps anything for good.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    public static Freshness Of(IChangeWatch watch, WorkspaceId workspace, Remembered kind, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(watch);
        ArgumentNullException.ThrowIfNull(time);
        return new Freshness(time.GetTimestamp(), watch.Stamp(workspace, kind));
    }

    /// <param name="unwatched">For how long it is good while the watch cannot tell.</param>
    public bool Holds(IChangeWatch watch, WorkspaceId workspace, Remembered kind, TimeProvider time, TimeSpan unwatched)
    {
        ArgumentNullException.ThrowIfNull(watch);
        ArgumentNullException.ThrowIfNull(time);
        long? stamp = watch.Stamp(workspace, kind);
        if (stamp is not null && Stamp is not null && stamp != Stamp)
        {
            return false;
        }

        return time.GetElapsedTime(ReadAt) < (stamp is not null && Stamp is not null ? Longest : unwatched);
    }
}
