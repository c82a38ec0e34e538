using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Load, decide, save (TX-1): takes the commands of one workspace through one transaction. Nobody is answered before it is committed.
/// </summary>
public sealed class BatchExecutor
{
    /// <summary>How often a batch is decided again when one of its ids was taken, or had to be looked for, or a missing account was made.</summary>
    private const int MostAttempts = 8;

    private readonly IWeirStore _store;
    private readonly CatalogService _catalogs;
    private readonly SummaryProjector _summaries;
    private readonly WeirInstruments _instruments;

    public BatchExecutor(IWeirStore store, CatalogService catalogs, SummaryProjector summaries, WeirInstruments instruments)
    {
        _store = store;
        _catalogs = catalogs;
        _summaries = summaries;
        _instruments = instruments;
    }

    /// <summary>Answers every command of the list, some of them after a further transaction.</summary>
    internal async Task ExecuteAsync(WorkspaceId workspace, IReadOnlyList<LedgerCommand> commands)
    {
        IReadOnlyList<LedgerCommand> rest = commands;
        while (rest.Count > 0)
        {
            rest = await ExecuteOnceAsync(workspace, rest);
        }
    }

    /// <summary>
    /// What takes effect takes it in one transaction. Returns the commands that must wait for the next, because they are about something
    /// this one wrote.
    /// </summary>
    private async Task<IReadOnlyList<LedgerCommand>> ExecuteOnceAsync(WorkspaceId workspace, IReadOnlyList<LedgerCommand> commands)
    {
        LedgerLoad load = LoadOf(commands);
        for (int attempt = 1; ; attempt++, load = load with { MustFindIds = true })
        {
            try
            {
                if (await TryAsync(workspace, commands, load, isLast: attempt == MostAttempts) is { } waiting)
                {
                    return waiting;
                }
            }
            catch (StoreConflictException) when (attempt < MostAttempts)
            {
                _instruments.Retries.Add(1);
            }
        }
    }

    /// <summary>One transaction; null when it has to be decided again.</summary>
    private async Task<IReadOnlyList<LedgerCommand>?> TryAsync(WorkspaceId workspace, IReadOnlyList<LedgerCommand> commands, LedgerLoad load, bool isLast)
    {
        Dictionary<AccountKey, ChangeAccountCommand?> missing;
        await using (ILedgerTransaction transaction = await _store.Ledger.BeginAsync(workspace, CancellationToken.None))
        {
            LedgerSnapshot snapshot = await transaction.LoadAsync(load, CancellationToken.None);
            CatalogBook book = await _catalogs.BookAsync(workspace, snapshot.ActiveCatalogVersion, snapshot.Accounts.Values.Select(s => s.Account), CancellationToken.None);
            ReserveCommand[] reserves = [.. commands.OfType<ReserveCommand>()];
            IReadOnlySet<long> standing = await StandingAsync(transaction, reserves);
            missing = Missing(commands, snapshot, book, standing);
            if (missing.Count > 0 && !snapshot.HasIds)
            {
                // Perhaps only for repeats, which make nothing.
                _instruments.Retries.Add(1);
                return null;
            }

            if (missing.Count == 0 || isLast)
            {
                Batch batch = new(workspace, snapshot, book) { Waited = await WaitedAsync(transaction, reserves), Standing = standing };
                Outcome?[] outcomes = new Outcome?[commands.Count];
                List<LedgerCommand> waiting = [];
                for (int i = 0; i < commands.Count; i++)
                {
                    if (batch.MustWait(commands[i]))
                    {
                        waiting.Add(commands[i]);
                    }
                    else
                    {
                        outcomes[i] = await DecideAloneAsync(batch, transaction, commands[i]);
                    }
                }

                if (commands.Where((_, i) => outcomes[i] is not null).Any(batch.LeavesOpen))
                {
                    _instruments.Retries.Add(1);
                    return null;
                }

                if (batch.Writes() is not { } writes)
                {
                    Answer(commands, outcomes);
                    return waiting;
                }

                if (await transaction.WriteAsync(writes, CancellationToken.None))
                {
                    await transaction.CommitAsync(CancellationToken.None);
                    _summaries.Take(workspace, snapshot, writes.Rows);
                    Answer(commands, outcomes);
                    return waiting;
                }

                if (isLast)
                {
                    throw new StoreUnavailableException("The batch lost its ids to other nodes too often; repeat it with the same ids.");
                }

                _instruments.Retries.Add(1);
                return null;
            }
        }

        await CreateAsync(workspace, missing);
        return null;
    }

    /// <summary>Looked up under the locks of the accounts: whoever has been denied a slot and waits stands in the line by then (SLOT-2).</summary>
    private static async ValueTask<IReadOnlySet<SlotLine>> WaitedAsync(ILedgerTransaction transaction, IEnumerable<ReserveCommand> reserves)
    {
        HashSet<SlotLine> lines = [.. reserves.Select(reserve => reserve.LineInFront).OfType<SlotLine>()];
        return lines.Count == 0 ? lines : await transaction.ReadWaitedAsync(lines, CancellationToken.None);
    }

    /// <summary>Looked up under the locks of the accounts: an erase takes its account out of the lines before it takes that lock (PRIV-1).</summary>
    private static async ValueTask<IReadOnlySet<long>> StandingAsync(ILedgerTransaction transaction, IEnumerable<ReserveCommand> reserves)
    {
        HashSet<long> tickets = [.. reserves.Select(reserve => reserve.Ticket).OfType<long>()];
        return tickets.Count == 0 ? tickets : await transaction.ReadStandingAsync(tickets, CancellationToken.None);
    }

    private static LedgerLoad LoadOf(IReadOnlyList<LedgerCommand> commands)
    {
        HashSet<AccountKey> accounts = new(commands.Count);
        List<Digest> ids = new(commands.Count);
        List<Digest> targets = [];
        HashSet<Alias> aliases = [];
        foreach (LedgerCommand command in commands)
        {
            accounts.Add(command.Account);
            if (command is { Id: { } id, IsOwnId: false })
            {
                ids.Add(id);
            }

            if (command is TargetedCommand targeted)
            {
                targets.Add(targeted.Target);
            }

            if (command is EventCommand consume)
            {
                AddAlias(aliases, command.Account, ScopeKind.User, consume.Details.User);
                AddAlias(aliases, command.Account, ScopeKind.Campaign, consume.Details.Campaign);
                AddAlias(aliases, command.Account, ScopeKind.Key, consume.Details.Key);
            }

            if (command is EraseCommand erase)
            {
                AddAlias(aliases, command.Account, ScopeKind.User, erase.User);
            }
        }

        return new LedgerLoad { Accounts = accounts, Ids = ids, Targets = targets, Aliases = aliases };
    }

    private static void AddAlias(HashSet<Alias> aliases, AccountKey account, ScopeKind kind, string? name)
    {
        if (name is not null)
        {
            aliases.Add(new Alias(account, kind, name));
        }
    }

    /// <summary>Accounts that the batch needs, that do not exist, and that the catalog or the command lets it make.</summary>
    private static Dictionary<AccountKey, ChangeAccountCommand?> Missing(IReadOnlyList<LedgerCommand> commands, LedgerSnapshot snapshot, CatalogBook book, IReadOnlySet<long> standing)
    {
        Dictionary<AccountKey, ChangeAccountCommand?> missing = [];
        foreach (LedgerCommand command in commands)
        {
            bool create = command switch
            {
                // Whoever is tried again had an account: it has been erased since, and his waiting makes no other one (PRIV-1).
                ReserveCommand { UnlessKnown: not null } or ReserveCommand { IsFurtherTry: true } => false,
                ReserveCommand { Ticket: { } ticket } when !standing.Contains(ticket) => false,
                EventCommand => book.Active.AutoCreate,
                ChangeAccountCommand change => change.Create,
                _ => false,
            };
            // What only repeats an effect makes nothing: the account may have been erased since (PRIV-1).
            bool repeats = command.Id is { } id && snapshot.Ids.ContainsKey(id);
            if (create && !repeats && !snapshot.Accounts.ContainsKey(command.Account))
            {
                missing[command.Account] = missing.GetValueOrDefault(command.Account) ?? command as ChangeAccountCommand;
            }
        }

        return missing;
    }

    private async Task CreateAsync(WorkspaceId workspace, Dictionary<AccountKey, ChangeAccountCommand?> missing)
    {
        AccountState head = await _store.Ledger.ReadWorkspaceStateAsync(workspace, CancellationToken.None);
        (_, Catalog catalog) = await _catalogs.ActiveAsync(workspace, CancellationToken.None);
        await using ILedgerTransaction clock = await _store.Ledger.BeginAsync(workspace, CancellationToken.None);
        Instant now = (await clock.LoadAsync(new LedgerLoad { Accounts = [] }, CancellationToken.None)).Clock;
        await clock.DisposeAsync();
        await _store.Ledger.CreateAccountsAsync(workspace, [.. missing.Select(m => NewAccount(m.Key, head, catalog, now, m.Value?.Change, m.Value?.Actor))], CancellationToken.None);
    }

    /// <summary>
    /// An account on the default plan, anchored at the start of its first day in the workspace's zone (PER-1), or as the change that makes
    /// it says: a zone or an anchor that an account begins with shapes its first period already.
    /// </summary>
    internal static NewAccount NewAccount(AccountKey key, AccountState workspace, Catalog catalog, Instant now, AccountChange? change = null, AuditActor? actor = null)
    {
        Schedule schedule = Schedule.StartingOn(now, change?.Zone ?? workspace.Account.Timeline.Latest.Zone);
        Account account = new()
        {
            Id = Batch.RandomId(),
            CreatedAt = now,
            Plan = catalog.DefaultPlan.Key,
            Timeline = Timeline.Starting(change?.Anchor is { } anchor ? new Schedule(schedule.Zone, anchor) : schedule),
        };
        return new(account, new AccountProfile(key)) { Audit = actor is null ? null : AccountAudit.Created(actor, account) };
    }

    /// <summary>An item that fails alone fails alone (TX-2): an overflow is its own, not its batch's.</summary>
    private async ValueTask<Outcome?> DecideAloneAsync(Batch batch, ILedgerTransaction transaction, LedgerCommand command)
    {
        try
        {
            Outcome outcome = batch.Repeat(command) ?? await DecideAsync(batch, transaction, command);
            return outcome.Failure is null && command is TargetedCommand targeted ? outcome with { Target = batch.Snapshot.Targets.GetValueOrDefault(targeted.Target) } : outcome;
        }
        catch (OverflowException)
        {
            return command.Failed(new Failure(Refusal.QuantityOverflow, "", "A balance would leave the range of 64 bits; nothing was recorded."));
        }
        catch (Exception exception) when (exception is not (StoreUnavailableException or StoreConflictException or StoreRefusedException or OutOfMemoryException))
        {
            // A fault of Weir's own in one decision is answered as such; decisions are pure, so the others stand.
            command.Fail(exception);
            return null;
        }
    }

    private async ValueTask<Outcome> DecideAsync(Batch batch, ILedgerTransaction transaction, LedgerCommand command)
    {
        if (command is ReserveCommand { UnlessKnown: { } unknown })
        {
            return command.Failed(unknown);
        }

        await GrantDecisions.OpenAsync(batch, transaction, command.Account);
        return command switch
        {
            ConsumeCommand consume => await ConsumeAsync(batch, transaction, consume),
            ReverseCommand reverse => CorrectionDecisions.Reverse(batch, reverse),
            AdjustCommand adjust => CorrectionDecisions.Adjust(batch, adjust),
            CompleteCommand complete => await CorrectionDecisions.CompleteAsync(batch, _catalogs, complete),
            ReserveCommand or CommitCommand or ReleaseCommand or ExtendCommand or GrowCommand or ExpireCommand =>
                await ReservationDecisions.DecideAsync(batch, transaction, _catalogs, command),
            GiveCommand give => GrantDecisions.Give(batch, give),
            EndGrantCommand end => GrantDecisions.End(batch, end),
            ChangeAccountCommand change => ChangeAccount(batch, change),
            EraseCommand erase => await EraseDecisions.EraseAsync(batch, transaction, erase),
            _ => throw new InvalidOperationException($"The writer does not know {command.GetType().Name}."),
        };
    }

    private static async ValueTask<Outcome> ConsumeAsync(Batch batch, ILedgerTransaction transaction, ConsumeCommand command)
    {
        if (batch.Find(command.Account) is not { } account)
        {
            return UnknownAccount(command);
        }

        if (command.CatalogVersion != batch.Book.ActiveVersion && RateAgain(batch, command) is { } failure)
        {
            return command.Failed(failure);
        }

        Consume consume = new()
        {
            Rated = command.Rated,
            Mode = command.Mode,
            HostEnforcement = command.HostEnforcement,
            Now = batch.Now(account.State),
            At = command.Event.At,
            Import = command.Event.Import,
            Failed = command.Event.Failed,
            Scopes = batch.ScopesOf(command.Account, command.Details),
        };
        if (consume.Import && Admission.CheckTime(account.State.Account, consume) is null)
        {
            BalanceKey[] unknown = [.. Admission.KeysOf(account.State, batch.WorkspaceState, batch.Book, consume).Where(key => !account.State.Balances.ContainsKey(key))];
            if (unknown.Length > 0)
            {
                account.Extend(await transaction.LoadBalancesAsync(account.State.Account.Id, unknown, CancellationToken.None));
            }
        }

        Decision decision = Admission.Decide(account.State, batch.WorkspaceState, batch.Book, consume);
        return batch.Take(command, account, decision, command.Details, command.Event.Type);
    }

    /// <summary>The catalog has moved on since the event was rated (TX-5).</summary>
    internal static Failure? RateAgain(Batch batch, EventCommand command)
    {
        Catalog catalog = batch.Book.Active;
        if (EventRating.Rate(catalog, command.Event, out Failure? failure) is not { } rated)
        {
            return failure;
        }

        command.Rated = rated;
        command.CatalogVersion = batch.Book.ActiveVersion;
        command.Details = EventRating.DetailsOf(command.Event, rated.Type, command.IsOwnId ? null : command.IdText);
        return null;
    }

    private static Outcome ChangeAccount(Batch batch, ChangeAccountCommand command)
    {
        if (batch.Find(command.Account) is not { } account)
        {
            return UnknownAccount(command);
        }

        Account? changed = AccountRules.Apply(account.State.Account, command.Change, batch.Book, command.Account.Value, batch.Now(account.State), out Failure? failure);
        if (changed is null)
        {
            return command.Failed(failure!);
        }

        if (!ReferenceEquals(changed, account.State.Account) || command.Profile is not null)
        {
            AuditEntry audit = AccountAudit.Changed(command.Actor, account.State.Account, changed, command.ProfileChanges);
            batch.ChangeAccount(account, account.State with { Account = changed }, command.Profile, audit);
        }

        return new Outcome { Id = command.IdText, Account = account.State };
    }

    internal static Outcome UnknownAccount(LedgerCommand command) => command.Failed(new Failure(Refusal.UnknownAccount, "/account",
        $"There is no account '{command.Account}'. PUT /api/v1/accounts/{Uri.EscapeDataString(command.Account.Value)} makes one; with autoCreate in the catalog its first event does."));

    private void Answer(IReadOnlyList<LedgerCommand> commands, Outcome?[] outcomes)
    {
        for (int i = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i] is { } outcome)
            {
                string result = !outcome.Allowed ? outcome.Refusal.Code() : outcome.Replayed ? "repeated" : "recorded";
                _instruments.Decisions.Add(1, new KeyValuePair<string, object?>("outcome", result));
                commands[i].Complete(outcome);
            }
        }
    }
}
