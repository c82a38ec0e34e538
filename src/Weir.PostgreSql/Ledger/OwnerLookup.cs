using System.Collections.Concurrent;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>
/// Finds the accounts of entries before commands about them are sent to the writer. Those who ask while a round trip of their workspace is under
/// way gather for the next one, as commands do for a batch. Each is answered from what the database had after he asked.
/// </summary>
internal sealed class OwnerLookup(Database database)
{
    /// <summary>The most that one round trip looks up.</summary>
    private const int Most = 500;

    /// <summary>The most who wait for a round trip of a workspace, those who have gone meanwhile among them.</summary>
    private const int MostWaiting = 20_000;

    /// <summary>The most round trips of a workspace that are under way at once, which they only are when some last too long.</summary>
    private const int MostUnderWay = 8;

    /// <summary>Nobody gathers for a round trip that lasts longer than this: its connection may be dead.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<WorkspaceId, Line> _lines = new();

    /// <exception cref="OverloadedException">Too many ask already.</exception>
    /// <returns>Null where there is no such entry, or its account has been erased.</returns>
    public Task<AccountKey?> FindAsync(WorkspaceId workspace, Digest id, CancellationToken cancellationToken)
    {
        Asked asked = new(id, cancellationToken);
        Line line = _lines.GetOrAdd(workspace, static _ => new Line());
        if (line.Add(asked))
        {
            SetOut(workspace, line);
        }

        return asked.Answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>On nobody's behalf: not in the trace of the one who happened to come first.</summary>
    private void SetOut(WorkspaceId workspace, Line line) => ThreadPool.UnsafeQueueUserWorkItem(_ => _ = RunAsync(workspace, line), null);

    private async Task RunAsync(WorkspaceId workspace, Line line)
    {
        while (line.Take() is { Count: > 0 } taken)
        {
            Task answering = AnswerAsync(workspace, taken);
            try
            {
                await answering.WaitAsync(s_patience);
            }
            catch (TimeoutException)
            {
                if (line.IsLate())
                {
                    SetOut(workspace, line);
                }

                await answering;
                if (!line.GoesOn())
                {
                    return;
                }
            }
        }
    }

    /// <summary>Whatever happens, everybody gets an answer.</summary>
    private async Task AnswerAsync(WorkspaceId workspace, List<Asked> taken)
    {
        try
        {
            List<(long Place, AccountKey Owner)> found = await database.TogetherAsync(
                workspace,
                session => [session.Own("Ledger/FindOwners", Value.Digests(taken.Select(asked => asked.Id)))],
                (reader, stop) => Session.ReadAllAsync(reader, row => (row.Long(0), new AccountKey(row.Text(1))), stop),
                CancellationToken.None,
                byKeys: true);
            Dictionary<long, AccountKey> owners = found.ToDictionary(owner => owner.Place, owner => owner.Owner);
            for (int i = 0; i < taken.Count; i++)
            {
                taken[i].Answer.SetResult(owners.TryGetValue(i + 1, out AccountKey owner) ? owner : null);
            }
        }
        catch (Exception exception)
        {
            foreach (Asked asked in taken)
            {
                asked.Answer.TrySetException(exception);

                // Who has gone meanwhile does not look at it.
                _ = asked.Answer.Task.Exception;
            }
        }
    }

    private sealed record Asked(Digest Id, CancellationToken Cancelled)
    {
        public TaskCompletionSource<AccountKey?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Those of a workspace who ask, and how many round trips are under way for them.</summary>
    private sealed class Line
    {
        private readonly Lock _lock = new();
        private readonly Queue<Asked> _waiting = new();
        private int _underWay;
        private int _late;

        /// <summary>Whether a round trip sets out for him: nobody gathers for one that is late.</summary>
        /// <exception cref="OverloadedException">Too many wait.</exception>
        public bool Add(Asked asked)
        {
            lock (_lock)
            {
                if (_waiting.Count >= MostWaiting)
                {
                    throw new OverloadedException($"{MostWaiting} commands wait to learn whose entries they are about; send again in a moment with the same id.");
                }

                _waiting.Enqueue(asked);
                return _underWay == _late && Begins();
            }
        }

        /// <summary>Whom the next round trip is for; when there is nobody, none is under way. Whoever has gone is not looked up.</summary>
        public List<Asked> Take()
        {
            List<Asked> taken = [];
            lock (_lock)
            {
                while (taken.Count < Most && _waiting.TryDequeue(out Asked? asked))
                {
                    if (!asked.Cancelled.IsCancellationRequested)
                    {
                        taken.Add(asked);
                    }
                }

                _underWay -= taken.Count == 0 ? 1 : 0;
            }

            return taken;
        }

        /// <summary>Whether another round trip sets out beside the one that is late.</summary>
        public bool IsLate()
        {
            lock (_lock)
            {
                _late++;
                return _waiting.Count > 0 && Begins();
            }
        }

        /// <summary>Whether the late one, that is back, goes on: not where another goes already.</summary>
        public bool GoesOn()
        {
            lock (_lock)
            {
                _late--;
                bool goes = _underWay - _late == 1;
                _underWay -= goes ? 0 : 1;
                return goes;
            }
        }

        private bool Begins()
        {
            bool begins = _underWay < MostUnderWay;
            _underWay += begins ? 1 : 0;
            return begins;
        }
    }
}
