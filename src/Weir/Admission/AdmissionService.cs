using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Asks, uses and records. Every method may be called from any thread.</summary>
public sealed class AdmissionService(IWeirStore store, CatalogService catalogs, GroupCommit commits, WeirOptions options, TimeProvider time)
{
    /// <summary>
    /// Uses, or learns that it may not: all limits that the event touches are decided together, and the effect is durable when the answer comes.
    /// </summary>
    public Task<Outcome> ConsumeAsync(WorkspaceId workspace, UsageEvent e, ConsumeMode mode, CancellationToken cancellationToken)
    {
        ValueTask<(LedgerCommand? Command, Outcome? Failed)> prepared = PrepareAsync(workspace, e, mode, "consume", cancellationToken);

        // Nearly always everything is at hand, and the caller waits for the writer and nothing else.
        return prepared is { IsCompletedSuccessfully: true, Result: { Failed: null, Command: { } command } }
            ? commits.SubmitAsync(command, cancellationToken)
            : ConsumeAsync(prepared, cancellationToken);
    }

    /// <summary>Records what has happened, whatever the limits (BAL-6). One answer for each event, in their order.</summary>
    public async Task<IReadOnlyList<Outcome>> RecordAsync(WorkspaceId workspace, IReadOnlyList<UsageEvent> events, CancellationToken cancellationToken)
    {
        Outcome[] outcomes = new Outcome[events.Count];
        Task<Outcome>[] answers = new Task<Outcome>[events.Count];
        for (int i = 0; i < events.Count; i++)
        {
            (LedgerCommand? command, Outcome? failed) = await PrepareAsync(workspace, events[i], ConsumeMode.Record, "record", cancellationToken);
            answers[i] = failed is null ? commits.SubmitAsync(command!, cancellationToken) : Task.FromResult(failed);
        }

        for (int i = 0; i < answers.Length; i++)
        {
            outcomes[i] = await answers[i];
        }

        return outcomes;
    }

    /// <summary>The same decision without effect, from state at most one second old. Advisory: only consuming decides.</summary>
    public async ValueTask<CheckOutcome> CheckAsync(WorkspaceId workspace, UsageEvent e, ConsumeMode mode, CancellationToken cancellationToken)
    {
        Instant now = Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));
        EventDetails d = e.Details;
        RecentState recent = await store.Ledger.ReadRecentAsync(workspace, e.Account, d.User, d.Campaign, d.Key, cancellationToken);
        AccountState? state = recent.Account;
        AccountState head = recent.Workspace;
        Instant asOf = recent.AsOf ?? now;
        CatalogBook book = await catalogs.BookAsync(workspace, state?.Account, cancellationToken);
        string id = e.Id?.Value ?? "";
        if (state is null)
        {
            if (!book.Active.AutoCreate)
            {
                return new CheckOutcome(Fail(id, new Failure(Refusal.UnknownAccount, "/account", $"There is no account '{e.Account}'.")), asOf);
            }

            state = AccountState.Of(BatchExecutor.NewAccount(e.Account, head, book.Active, now).Account);
        }

        if (EventRating.Rate(book.Active, e, out Failure? failure) is not { } rated)
        {
            return new CheckOutcome(Fail(id, failure!), asOf);
        }

        Instant decided = state.Account.DecidedAt + Clock.Microsecond;
        Consume consume = new()
        {
            Rated = rated,
            Mode = mode,
            HostEnforcement = options.Enforcement,
            Now = now > decided ? now : decided,
            Scopes = recent.Scopes,
        };
        state = await OpenedStates.ReadAsync(store, workspace, e.Account, state, book, consume.Now, cancellationToken);
        Decision decision = Engine.Admission.Decide(state, head, book, consume);
        return new CheckOutcome(
            new Outcome { Id = id, Entry = decision.Entry, Refusal = decision.Refusal, Violations = decision.Violations, Advice = decision.Advice, Failure = decision.Failure, Account = state },
            asOf);
    }

    /// <summary>Settles a call that was admitted before it ran: with what it became, or with nothing when it failed.</summary>
    public async Task<Outcome> CompleteAsync(WorkspaceId workspace, CallCompletion completion, CancellationToken cancellationToken) =>
        await commits.SubmitAsync(
            new CompleteCommand
            {
                Workspace = workspace,
                Account = completion.Account,
                IdText = completion.Event.Value,
                Target = Digest.Of(completion.Event.Value),
                CallFailed = completion.Failed,
                Properties = completion.Properties,
                Cost = completion.Cost,
                Details = completion.Details,
            },
            cancellationToken);

    private async Task<Outcome> ConsumeAsync(ValueTask<(LedgerCommand? Command, Outcome? Failed)> prepared, CancellationToken cancellationToken)
    {
        (LedgerCommand? command, Outcome? failed) = await prepared;
        return failed ?? await commits.SubmitAsync(command!, cancellationToken);
    }

    private async ValueTask<(LedgerCommand? Command, Outcome? Failed)> PrepareAsync(
        WorkspaceId workspace, UsageEvent e, ConsumeMode mode, string operation, CancellationToken cancellationToken)
    {
        (int version, Catalog catalog) = await catalogs.ActiveAsync(workspace, cancellationToken);
        bool own = e.Id is null;
        string id = e.Id?.Value ?? OwnId();
        if (EventRating.Rate(catalog, e, out Failure? failure) is not { } rated)
        {
            return (null, Fail(id, failure!));
        }

        return (
            new ConsumeCommand
            {
                Workspace = workspace,
                Account = e.Account,
                IdText = id,
                Id = Digest.Of(id),
                IsOwnId = own,
                Fingerprint = Fingerprint.OfEvent(operation, mode, e),
                Event = e,
                Mode = mode,
                HostEnforcement = options.Enforcement,
                Rated = rated,
                CatalogVersion = version,
                Details = EventRating.DetailsOf(e, rated.Type, id),
            },
            null);
    }

    /// <summary>Rates what a job is expected to use.</summary>
    internal async ValueTask<(ReserveCommand? Command, Outcome? Failed)> PrepareReserveAsync(WorkspaceId workspace, ReservationRequest request, CancellationToken cancellationToken)
    {
        (int version, Catalog catalog) = await catalogs.ActiveAsync(workspace, cancellationToken);
        UsageEvent e = request.Event;
        string id = e.Id?.Value ?? OwnId();
        if (EventRating.Rate(catalog, e, out Failure? failure) is not { } rated)
        {
            return (null, Fail(id, failure!));
        }

        return (
            new ReserveCommand
            {
                Workspace = workspace,
                Account = e.Account,
                IdText = id,
                Id = Digest.Of(id),
                IsOwnId = e.Id is null,
                Fingerprint = Fingerprint.OfEvent("reserve", ConsumeMode.Enforce, e, request.Ttl),
                Event = e,
                HostEnforcement = options.Enforcement,
                Rated = rated,
                CatalogVersion = version,
                Details = EventRating.DetailsOf(e, rated.Type, id),
                Ttl = request.Ttl,
                Waits = request.Wait > Duration.Zero,
            },
            null);
    }

    /// <summary>An id that Weir makes for an event without one: 122 random bits.</summary>
    public static string OwnId() => "weir-" + Guid.NewGuid().ToString("N");

    private static Outcome Fail(string id, Failure failure) => new() { Id = id, Refusal = failure.Refusal, Failure = failure };
}

/// <param name="AsOf">The time of the state that was decided from, at most a second ago.</param>
public sealed record CheckOutcome(Outcome Outcome, Instant AsOf);

/// <summary>What became of a call that was admitted before it ran.</summary>
public sealed record CallCompletion
{
    /// <summary>The id under which the call was admitted.</summary>
    public required EventId Event { get; init; }

    public required AccountKey Account { get; init; }

    /// <summary>Takes the charges back.</summary>
    public required bool Failed { get; init; }

    /// <summary>Properties known only after the work; they change the charges.</summary>
    public Properties Properties { get; init; } = Properties.Empty;

    public GivenCost? Cost { get; init; }

    /// <summary>Status, latency and what else became known.</summary>
    public EventDetails Details { get; init; } = EventDetails.Empty;

    /// <summary>
    /// What the recorder records in place of a successful end when the call was settled as failed before: two runs of a host's handler
    /// under one id, of which the failing one ended first. Without it the work would be free.
    /// </summary>
    public UsageEvent? Otherwise { get; init; }
}
