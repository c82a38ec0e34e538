using System.Collections.Concurrent;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>
/// What <c>check</c> has looked at in the last second, by what was asked. A commit of this process makes what it may have changed unknown at
/// once; of what other nodes commit nothing is heard, so everything is read again before it is a second old.
/// </summary>
/// <param name="time">Its timestamps say how old something is.</param>
internal sealed class RecentStates(TimeProvider time)
{
    /// <summary>Less than the second of the contract: the read itself takes time too.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(900);

    /// <summary>When there are more, all are forgotten: within a second they would be read again in any case.</summary>
    public const int Most = 10_000;

    private const string WorkspaceHead = "";

    private readonly ConcurrentDictionary<Asked, (RecentState State, Mark Mark)> _known = new();

    /// <summary>How often something changed of the accounts that share a place. Some change for others' sake, who are only read once more.</summary>
    private readonly long[] _changes = new long[4_096];

    /// <summary>To be taken before something is read.</summary>
    public Mark Now(Asked asked) => new(time.GetTimestamp(), Changes(asked.Workspace, asked.Account.Value), Changes(asked.Workspace, WorkspaceHead));

    public RecentState? Find(Asked asked) =>
        _known.TryGetValue(asked, out (RecentState State, Mark Mark) known) && Holds(asked, known.Mark) ? known.State : null;

    /// <summary>What was read after a mark was taken. Accounts that there are not are not remembered: a sender may make them up.</summary>
    public void Keep(Asked asked, RecentState state, Mark mark)
    {
        if (state.Account is null)
        {
            return;
        }

        if (_known.Count >= Most)
        {
            _known.Clear();
        }

        _known[asked] = (state, mark);
    }

    /// <summary>A transaction that may have changed them has ended, whatever its end: before anybody hears of it.</summary>
    /// <param name="head">Whether the workspace's own head may have changed too.</param>
    public void Changed(int workspace, IEnumerable<AccountKey> accounts, bool head)
    {
        foreach (AccountKey account in accounts)
        {
            Interlocked.Increment(ref Place(workspace, account.Value));
        }

        if (head)
        {
            Interlocked.Increment(ref Place(workspace, WorkspaceHead));
        }
    }

    private bool Holds(Asked asked, Mark mark) =>
        time.GetElapsedTime(mark.ReadAt) < Longest && mark.Account == Changes(asked.Workspace, asked.Account.Value) && mark.Head == Changes(asked.Workspace, WorkspaceHead);

    private long Changes(int workspace, string account) => Interlocked.Read(ref Place(workspace, account));

    private ref long Place(int workspace, string account) => ref _changes[unchecked((uint)HashCode.Combine(workspace, account)) % (uint)_changes.Length];

    /// <summary>An account, and the names inside it that a check was about.</summary>
    public readonly record struct Asked(int Workspace, AccountKey Account, string? User, string? Campaign, string? Key);

    /// <summary>A moment before something was read.</summary>
    public readonly record struct Mark(long ReadAt, long Account, long Head);
}
