using System.Buffers;

namespace Weir.Client;

public sealed partial class WeirClient
{
    /// <summary>Bytes of events in one request; the server takes somewhat more.</summary>
    private const int LargestBody = 4 * 1024 * 1024;

    /// <summary>
    /// Records what has happened, beyond limits too. When Weir cannot be reached the event goes to the spool; while others wait there it goes
    /// behind them.
    /// </summary>
    /// <exception cref="WeirProblemException">The event cannot be read: a member of the wrong form.</exception>
    /// <exception cref="WeirUnavailableException">Weir cannot be reached, and there is no spool, it takes no more, or the policy of the event type is to deny.</exception>
    public async Task<RecordResult> RecordAsync(UsageEvent e, CancellationToken cancellationToken = default) => (await RecordAsync([e], cancellationToken))[0];

    /// <summary>
    /// Records many events: in requests of at most 1,000, one after the other. Each event stands alone: one that is wrong is
    /// <see cref="RecordStatus.Rejected"/>, and the others are recorded.
    /// </summary>
    /// <returns>A result for each event, in their order.</returns>
    /// <exception cref="WeirProblemException">An event cannot be read: a member of the wrong form. Its pointer begins with its index in its request.</exception>
    /// <exception cref="WeirUnavailableException">Weir cannot be reached, and not all could be kept. To repeat the call with the same ids is safe.</exception>
    public async Task<IReadOnlyList<RecordResult>> RecordAsync(IReadOnlyList<UsageEvent> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        List<RecordResult> results = new(events.Count);
        List<Prepared> batch = [];
        int bytes = 0;
        foreach (UsageEvent e in events)
        {
            Prepared next = Prepare(e);
            if (batch.Count == MostEvents || (batch.Count > 0 && bytes + next.Body.Length > LargestBody))
            {
                results.AddRange(await RecordBatchAsync(batch, cancellationToken));
                batch.Clear();
                bytes = 0;
            }

            batch.Add(next);
            bytes += next.Body.Length + 1;
        }

        if (batch.Count > 0)
        {
            results.AddRange(await RecordBatchAsync(batch, cancellationToken));
        }

        return results;
    }

    private static Prepared Prepare(UsageEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        UsageEvent named = e.Id is null ? e with { Id = NewId() } : e;
        return new Prepared(named, EventJson.Of(named));
    }

    private async Task<IReadOnlyList<RecordResult>> RecordBatchAsync(List<Prepared> batch, CancellationToken cancellationToken)
    {
        bool[] repeats = [.. batch.Select(e => _kept.Has(e.Event.Id!, e.Body))];
        if (repeats.Contains(true))
        {
            List<Prepared> others = [.. batch.Where((_, i) => !repeats[i])];
            Queue<RecordResult> results = new(others.Count == 0 ? [] : await RecordBatchAsync(others, cancellationToken));
            return [.. batch.Select((e, i) => repeats[i] ? Spooled(e.Event) : results.Dequeue())];
        }

        bool mayHave = false;
        WeirUnavailableException? cause = null;
        // What waits in the spool happened before this.
        bool behind = _spool is { IsEmpty: false } && !batch.Exists(e => IsDenied(e.Event.Type));
        bool probes = false;
        if (!behind && (_spool is null || _outage.MayAsk(out probes)))
        {
            try
            {
                // Where there is a spool to go to, nobody waits for the longest back-off.
                Call call = new(HttpMethod.Post, "events")
                {
                    Body = Body(batch),
                    Timeout = _spool is null ? _options.CallTimeout : SpoolPatience,
                    MostAttempts = probes ? 1 : null,
                };
                RecordAnswer answer = await SendAsync(call, ClientJson.Default.RecordAnswer, cancellationToken);
                return answer.Results.Count == batch.Count ? answer.Results
                    : throw new InvalidOperationException($"The server answered {answer.Results.Count} results to {batch.Count} events.");
            }
            catch (WeirUnavailableException exception) when (_spool is not null)
            {
                mayHave = exception.MayHaveTakenEffect;
                cause = exception;
            }
        }

        if (batch.Find(e => IsDenied(e.Event.Type)) is { } denied)
        {
            throw new WeirUnavailableException(
                DenialReasons.Unavailable, $"Weir cannot be reached, and the policy of '{denied.Event.Type}' is to keep nothing meanwhile.", mayHave, cause);
        }

        return await KeepAsync(batch, mayHave, cause);
    }

    /// <summary>Puts events into the spool without asking the server, to which they may have been sent. Null without a spool.</summary>
    /// <exception cref="WeirUnavailableException">The spool does not take them.</exception>
    internal async Task<IReadOnlyList<RecordResult>?> SpoolAsync(IReadOnlyList<UsageEvent> events) =>
        _spool is null ? null : await KeepAsync([.. events.Select(Prepare)], mayHave: true, null);

    /// <summary>Whether usage of a type is not kept while Weir cannot be reached.</summary>
    internal bool IsDenied(string type) => PolicyOf(type) is { Allows: false };

    /// <summary>An attempt and its repeats, before the spool takes over.</summary>
    private TimeSpan SpoolPatience => _options.AttemptTimeout < _options.CallTimeout ? _options.AttemptTimeout : _options.CallTimeout;

    private OutagePolicy? PolicyOf(string type) => _options.Outage.EventTypes.TryGetValue(type, out OutagePolicy? policy) ? policy : null;

    /// <summary>What is to be recorded when Weir is back: the event, with the time at which it happened.</summary>
    /// <param name="firstPath">Where it was sent without an answer.</param>
    private SpoolEntry EntryOf(UsageEvent e, string? firstPath, ReadOnlyMemory<byte> firstBody)
    {
        ReadOnlyMemory<byte> body = EventJson.Of(e.At is null ? e with { At = _time.GetUtcNow() } : e);
        return firstPath is null ? new SpoolEntry(SpoolKinds.Event, e.Id!, body) : new SpoolEntry(SpoolKinds.Event, e.Id!, body, firstPath, firstBody);
    }

    private async Task<IReadOnlyList<RecordResult>> KeepAsync(List<Prepared> batch, bool mayHave, Exception? cause)
    {
        SpoolAppend kept = await _spool!.AppendAsync([.. batch.Select(e => (ReadOnlyMemory<byte>)EntryOf(e, mayHave).ToBytes())]);
        if (kept != SpoolAppend.Kept)
        {
            throw Refused(kept, mayHave, cause);
        }

        foreach (Prepared e in batch)
        {
            _kept.Add(e.Event.Id!, e.Body);
        }

        return [.. batch.Select(e => Spooled(e.Event))];
    }

    private SpoolEntry EntryOf(Prepared e, bool mayHave) =>
        e.First is { } first ? EntryOf(e.Event, first.Path, first.Body) : EntryOf(e.Event, mayHave ? "events" : null, e.Body);

    private static WeirUnavailableException Refused(SpoolAppend kept, bool mayHave, Exception? cause) => new(
        CodeOf(kept), kept == SpoolAppend.Full
            ? "Weir cannot be reached, and the spool takes no more."
            : "Weir cannot be reached, and the disk of the spool does not keep what it is told to.",
        mayHave, cause);

    private static RecordResult Spooled(UsageEvent e) => new() { Id = e.Id!, Status = RecordStatus.Spooled };

    private static string CodeOf(SpoolAppend refused) => refused == SpoolAppend.Full ? DenialReasons.SpoolFull : DenialReasons.SpoolFailed;

    private static ReadOnlyMemory<byte> Body(List<Prepared> batch)
    {
        ArrayBufferWriter<byte> buffer = new(batch.Sum(e => e.Body.Length + 1) + 2);
        buffer.Write("["u8);
        for (int i = 0; i < batch.Count; i++)
        {
            buffer.Write(i == 0 ? [] : ","u8);
            buffer.Write(batch[i].Body);
        }

        buffer.Write("]"u8);
        return buffer.WrittenMemory;
    }

    private sealed record Prepared(UsageEvent Event, byte[] Body)
    {
        /// <summary>What was sent, or may have been, before anybody knew that it would become this.</summary>
        public (string Path, byte[] Body)? First { get; init; }
    }
}
