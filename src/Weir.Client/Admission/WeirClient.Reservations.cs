using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Weir.Client;

public sealed partial class WeirClient
{
    private static readonly TimeSpan s_defaultTtl = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Holds what a job is expected to use, and its slot, all or nothing. When Weir cannot be reached the policy of the event type decides; what
    /// it lets go ahead has no slot, and is remembered by this process until it ends.
    /// </summary>
    /// <exception cref="WeirProblemException">The request is wrong.</exception>
    public async Task<ReservationAnswer> ReserveAsync(UsageEvent e, ReservationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(e);
        UsageEvent named = e.Id is null ? e with { Id = NewId() } : e;
        if (_alone.Find(named.Id!) is { } known)
        {
            return HeldAlone(known) with { Replayed = true };
        }

        TimeSpan? ttl = options?.Ttl;
        TimeSpan? wait = options?.Wait;
        byte[] body = EventJson.Of(named, writer =>
        {
            Number(writer, "ttl"u8, Seconds(ttl));
            Number(writer, "wait"u8, Seconds(wait));
            Number(writer, "priority"u8, options?.Priority);
        });
        (ReservationAnswer? answer, WeirUnavailableException? missing) = await AskAsync(
            "reservations", body, wait ?? TimeSpan.Zero, ClientJson.Default.ReservationAnswer, cancellationToken);
        return answer ?? HoldAlone(named, ttl ?? s_defaultTtl, missing is { MayHaveTakenEffect: true });
    }

    /// <summary>
    /// Ends a job with what it used: without <paramref name="commit"/>, with what is held. When Weir cannot be reached the commit goes to the
    /// spool, and what is beyond the hold is then recorded, whatever <see cref="ReservationCommit.Overrun"/> says: nobody would hear the denial.
    /// </summary>
    /// <exception cref="WeirProblemException"><c>reservation_not_found</c>, <c>reservation_ended</c> with its state, <c>stale_fence</c>.</exception>
    /// <exception cref="WeirUnavailableException">Weir cannot be reached, and there is no spool or it takes no more. To repeat it is safe.</exception>
    public async Task<ReservationAnswer> CommitAsync(string id, ReservationCommit? commit = null, CancellationToken cancellationToken = default)
    {
        string path = ReservationPath(id, SpoolKinds.Commit);
        ReservationCommit end = commit ?? new ReservationCommit();
        if (_alone.Find(id) is { } hold)
        {
            return await CommitAloneAsync(id, path, hold, end, cancellationToken);
        }

        byte[] body = JsonSerializer.SerializeToUtf8Bytes(end, ClientJson.Bodies.ReservationCommit);
        byte[] later = end.Overrun == Overrun.Record ? body : JsonSerializer.SerializeToUtf8Bytes(end with { Overrun = Overrun.Record }, ClientJson.Bodies.ReservationCommit);
        return await EndAsync(path, body, new SpoolEntry(SpoolKinds.Commit, id, later, path, body), "committed", cancellationToken);
    }

    /// <summary>Gives a reservation, or a place in the queue, up: everything held returns. When Weir cannot be reached it goes to the spool.</summary>
    /// <param name="fence">Of the slot, to be verified.</param>
    /// <exception cref="WeirProblemException"><c>reservation_not_found</c>, <c>reservation_ended</c> with its state, <c>stale_fence</c>.</exception>
    /// <exception cref="WeirUnavailableException">Weir cannot be reached, and there is no spool or it takes no more. What nobody releases expires.</exception>
    public async Task<ReservationAnswer> ReleaseAsync(string id, string? reason = null, long? fence = null, CancellationToken cancellationToken = default)
    {
        string path = ReservationPath(id, SpoolKinds.Release);
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new ReleaseBody(reason, fence), ClientJson.Bodies.ReleaseBody);
        SpoolEntry entry = new(SpoolKinds.Release, id, body);
        if (_alone.Find(id) is not { } hold)
        {
            return await EndAsync(path, body, entry, "released", cancellationToken);
        }

        if (hold.MayHaveArrived)
        {
            try
            {
                await EndAsync(path, body, entry, "released", cancellationToken);
            }
            catch (WeirProblemException problem) when (problem.Status is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
            {
                // It had not arrived, or is over.
            }
        }

        _alone.Remove(id);
        _outage.Return(hold.Policy, hold.Event, hold.Units);
        return new ReservationAnswer { Allowed = true, Id = id, State = "released", Degraded = true };
    }

    /// <summary>Holds longer: the job is alive. A third of the time that is left is a good rhythm.</summary>
    /// <param name="ttl">From now: whole seconds; 15 minutes when null. The end is never moved nearer.</param>
    /// <param name="progress">From 0 to 1, for those who look.</param>
    /// <param name="fence">Of the slot, to be verified.</param>
    /// <exception cref="WeirProblemException"><c>reservation_ended</c>: it has expired or was ended. <c>stale_fence</c>.</exception>
    /// <exception cref="WeirUnavailableException">Weir cannot be reached. Try again before the end.</exception>
    public async Task<ReservationAnswer> ExtendAsync(
        string id, TimeSpan? ttl = null, decimal? progress = null, long? fence = null, CancellationToken cancellationToken = default)
    {
        if (_alone.Find(id) is { } hold)
        {
            DateTimeOffset end = _time.GetUtcNow() + (ttl ?? s_defaultTtl);
            AloneHold longer = hold with { ExpiresAt = end > hold.ExpiresAt ? end : hold.ExpiresAt };
            _alone.TryReplace(id, longer);
            return HeldAlone(longer);
        }

        return await PostAsync(
            ReservationPath(id, "extend"), new ExtendBody(Seconds(ttl), progress, fence), ClientJson.Bodies.ExtendBody, ClientJson.Default.ReservationAnswer, cancellationToken);
    }

    /// <summary>Holds more: what the job is expected to be by now. A denial leaves what is held as it is.</summary>
    /// <param name="growth">What makes a repeat a repeat; the client makes one when it is null.</param>
    /// <param name="fence">Of the slot, to be verified.</param>
    /// <exception cref="WeirProblemException"><c>reservation_not_found</c>, <c>reservation_ended</c>, <c>stale_fence</c>.</exception>
    public async Task<ReservationAnswer> GrowAsync(
        string id, JsonObject properties, string? growth = null, Cost? cost = null, long? fence = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(properties);
        if (_alone.Find(id) is { } hold)
        {
            return GrowAlone(id, hold, properties, cost);
        }

        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new GrowBody(growth ?? NewId(), properties, cost, fence), ClientJson.Bodies.GrowBody);
        (ReservationAnswer? answer, _) = await AskAsync(ReservationPath(id, "grow"), body, TimeSpan.Zero, ClientJson.Default.ReservationAnswer, cancellationToken);
        return answer ?? DeniedAlone(id, DenialReasons.Unavailable);
    }

    /// <summary>A reservation of any state, or one that waits; null when there is none.</summary>
    public async Task<Reservation?> FindReservationAsync(string id, CancellationToken cancellationToken = default)
    {
        try
        {
            return await GetAsync("reservations/" + Part(id, nameof(id)), ClientJson.Default.Reservation, cancellationToken);
        }
        catch (WeirProblemException problem) when (problem.Code == "reservation_not_found")
        {
            return null;
        }
    }

    /// <summary>One page of the open reservations.</summary>
    /// <param name="limit">1 to 1,000; 100 when null.</param>
    /// <param name="cursor">The <c>Next</c> of the page before.</param>
    public Task<Page<Reservation>> ListReservationsAsync(string? account = null, int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        GetAsync(
            WithQuery("reservations", ("account", account), ("limit", limit?.ToString(CultureInfo.InvariantCulture)), ("cursor", cursor)),
            ClientJson.Default.PageReservation, cancellationToken);

    private static string ReservationPath(string id, string verb) => $"reservations/{Part(id, nameof(id))}/{verb}";

    private static long? Seconds(TimeSpan? time) => time is { } span ? (long)Math.Ceiling(span.TotalSeconds) : null;

    private static void Number(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }

    /// <summary>Ends a reservation of the server's, or puts the end into the spool.</summary>
    private async Task<ReservationAnswer> EndAsync(string path, byte[] body, SpoolEntry entry, string state, CancellationToken cancellationToken)
    {
        if (_spool is null)
        {
            return await SendAsync(new Call(HttpMethod.Post, path) { Body = body, Timeout = _options.CallTimeout }, ClientJson.Default.ReservationAnswer, cancellationToken);
        }

        (ReservationAnswer? answer, WeirUnavailableException? missing) = await AskAsync(path, body, TimeSpan.Zero, ClientJson.Default.ReservationAnswer, cancellationToken);
        if (answer is not null)
        {
            return answer;
        }

        SpoolAppend kept = await _spool.AppendAsync([entry.ToBytes()]);
        return kept == SpoolAppend.Kept
            ? new ReservationAnswer { Allowed = true, Id = entry.Id, State = state, Degraded = true }
            : throw Refused(kept, missing is { MayHaveTakenEffect: true }, missing);
    }

    private ReservationAnswer HoldAlone(UsageEvent e, TimeSpan ttl, bool mayHave)
    {
        OutagePolicy policy = DecisionPolicyOf(e, ConsumeMode.Enforce);
        decimal units = policy.Rule == OutageRule.AllowUpTo ? policy.UnitsOf(e) : 0;
        if (policy.Rule == OutageRule.Deny)
        {
            return DeniedAlone(e.Id, DenialReasons.Unavailable);
        }

        if (policy.Rule == OutageRule.AllowUpTo && !_outage.TryTake(policy, e, units, keep: true))
        {
            return DeniedAlone(e.Id, DenialReasons.OutageAllowance);
        }

        AloneHold hold = new(e, policy, units, _time.GetUtcNow() + ttl, mayHave);
        if (!_alone.TryAdd(e.Id!, hold))
        {
            _outage.Return(policy, e, units);
            return _alone.Find(e.Id!) is { } first ? HeldAlone(first) with { Replayed = true } : DeniedAlone(e.Id, DenialReasons.OutageAllowance);
        }

        Instruments.Degraded.Add(1, new KeyValuePair<string, object?>("allowed", true));
        return HeldAlone(hold);
    }

    private ReservationAnswer GrowAlone(string id, AloneHold hold, JsonObject properties, Cost? cost)
    {
        UsageEvent grown = Over(hold.Event, properties) with { Cost = cost ?? hold.Event.Cost };
        decimal units = hold.Policy.Rule == OutageRule.AllowUpTo ? Math.Max(hold.Units, hold.Policy.UnitsOf(grown)) : 0;
        if (units > hold.Units && !_outage.TryTake(hold.Policy, grown, units - hold.Units, keep: true))
        {
            return DeniedAlone(id, DenialReasons.OutageAllowance) with { State = "held", ExpiresAt = hold.ExpiresAt };
        }

        AloneHold larger = hold with { Event = grown, Units = units };
        _alone.TryReplace(id, larger);
        return HeldAlone(larger);
    }

    /// <summary>
    /// What a hold that only the client knows of has come to is recorded under its id, beyond limits too. Where the server may hold it as well,
    /// it is committed there first.
    /// </summary>
    private async Task<ReservationAnswer> CommitAloneAsync(string id, string path, AloneHold hold, ReservationCommit end, CancellationToken cancellationToken)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(end with { Overrun = Overrun.Record, Fence = null }, ClientJson.Bodies.ReservationCommit);
        UsageEvent e = hold.Event with
        {
            Properties = end.Properties is null ? hold.Event.Properties : Over(hold.Event, end.Properties).Properties,
            Cost = end.Cost ?? hold.Event.Cost,
            Status = end.Status,
            LatencyMs = end.LatencyMs,
            Provider = end.Provider ?? hold.Event.Provider,
            Model = end.Model ?? hold.Event.Model,
        };
        if (hold.MayHaveArrived)
        {
            try
            {
                (ReservationAnswer? answer, _) = await AskAsync(path, body, TimeSpan.Zero, ClientJson.Default.ReservationAnswer, cancellationToken);
                if (answer is { Allowed: true })
                {
                    _alone.Remove(id);
                    return answer;
                }
            }
            catch (WeirProblemException problem) when (problem.Code == "reservation_not_found")
            {
                // It had not arrived.
            }
        }

        RecordResult result = (await RecordBatchAsync([new Prepared(e, EventJson.Of(e)) { First = (path, body) }], cancellationToken))[0];
        _alone.Remove(id);
        return result.Status != RecordStatus.Rejected
            ? new ReservationAnswer { Allowed = true, Id = id, State = "committed", Charges = result.Charges, Cost = result.Cost, Balances = result.Balances, Warnings = result.Warnings, Degraded = true }
            : throw new WeirProblemException(HttpStatusCode.UnprocessableEntity, new ProblemDocument(null, null, result.Code, result.Detail, null, null));
    }

    private static UsageEvent Over(UsageEvent e, JsonObject properties)
    {
        JsonObject merged = e.Properties?.DeepClone().AsObject() ?? [];
        foreach ((string name, JsonNode? value) in properties)
        {
            merged[name] = value?.DeepClone();
        }

        return e with { Properties = merged };
    }

    private static ReservationAnswer HeldAlone(AloneHold hold) => new() { Allowed = true, Id = hold.Event.Id, State = "held", ExpiresAt = hold.ExpiresAt, Degraded = true };

    private ReservationAnswer DeniedAlone(string? id, string reason)
    {
        Instruments.Degraded.Add(1, new KeyValuePair<string, object?>("allowed", false));
        return new ReservationAnswer { Allowed = false, Id = id, Reason = reason, Degraded = true };
    }
}
