using System.Collections.Immutable;
using System.Security.Cryptography;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// One batch between its load and its write: the states as the commands before have left them, and what there will be to write.
/// Commands are decided in their order; one that fails alone leaves no trace in the others.
/// </summary>
internal sealed class Batch(WorkspaceId workspace, LedgerSnapshot snapshot, CatalogBook book)
{
    /// <summary>A closed balance is dropped from a remembered state when the account has moved on this many versions.</summary>
    private const int PruneEvery = 256;

    private readonly Dictionary<AccountKey, Working> _accounts = new(snapshot.Accounts.Count);
    private readonly Working _workspace = new(null, snapshot.Workspace);
    private readonly Dictionary<Digest, (Digest Fingerprint, Outcome Outcome)> _answered = new(snapshot.Accounts.Count);
    private readonly Dictionary<Alias, long> _newAliases = [];
    private readonly List<NewAlias> _aliases = [];
    private readonly List<LedgerRow> _rows = new(snapshot.Accounts.Count);
    private readonly List<StoredDenial> _denials = [];
    private readonly Dictionary<(long, Instant, string, Refusal), long> _denialCounts = [];
    private readonly Dictionary<long, ProfileWrite> _profiles = [];
    private readonly HashSet<Digest> _settled = [];
    private readonly List<Alert> _alerts = [];
    private readonly List<AuditEntry> _audit = [];
    private readonly List<Erasure> _erasures = [];

    public WorkspaceId Workspace => workspace;

    public CatalogBook Book => book;

    public LedgerSnapshot Snapshot => snapshot;

    /// <summary>The lines for slots in which somebody waits, of those that the batch would pass.</summary>
    public IReadOnlySet<SlotLine> Waited { get; init; } = ImmutableHashSet<SlotLine>.Empty;

    /// <summary>The tickets that still stand in their lines, of those whose owners' turn it was.</summary>
    public IReadOnlySet<long> Standing { get; init; } = ImmutableHashSet<long>.Empty;

    /// <summary>
    /// Whether a command must wait for the next batch because it is about something that this one writes. What is erased is committed
    /// before, and what comes after an erase finds the account gone.
    /// </summary>
    public bool MustWait(LedgerCommand command) =>
        (Target(command) is { } target && (_answered.ContainsKey(target) || _settled.Contains(target)))
        || (command is EraseCommand && _accounts.TryGetValue(command.Account, out Working? touched) && touched.IsChanged)
        || (_erasures.Count > 0 && _erasures.Exists(erasure => erasure.Key == command.Account));

    public void Settle(Digest target) => _settled.Add(target);

    /// <summary>The earlier answer to the same id, from the ledger or from this batch; a failure when the content differs (ID-5).</summary>
    public Outcome? Repeat(LedgerCommand command)
    {
        if (command.Id is not { } id)
        {
            return null;
        }

        if (_answered.TryGetValue(id, out (Digest Fingerprint, Outcome Outcome) earlier))
        {
            return earlier.Fingerprint == command.Fingerprint ? earlier.Outcome with { Replayed = true } : Reused(command);
        }

        if (!snapshot.Ids.TryGetValue(id, out StoredId? stored))
        {
            return null;
        }

        if (stored.Fingerprint != command.Fingerprint)
        {
            return Reused(command);
        }

        return stored.Entry is { } entry
            ? new Outcome { Id = command.IdText, Entry = entry, Replayed = true }
            : DenialJson.Read(command.IdText, stored.Answer.Span);
    }

    /// <summary>
    /// Whether nobody knows if an id that has been answered may be: it was not looked for, and it is not written either, because the answer is a
    /// failure or a denial that is not kept. Its effect may stand since long ago.
    /// </summary>
    public bool LeavesOpen(LedgerCommand command) => !snapshot.HasIds && command is { Id: { } id, IsOwnId: false } && !_answered.ContainsKey(id);

    public Working? Find(AccountKey key)
    {
        if (_accounts.TryGetValue(key, out Working? working))
        {
            return working;
        }

        if (!snapshot.Accounts.TryGetValue(key, out AccountState? state))
        {
            return null;
        }

        working = new Working(key, state);
        _accounts.Add(key, working);
        return working;
    }

    public AccountState WorkspaceState => _workspace.State;

    public Working WorkspaceHead => _workspace;

    /// <summary>The number that the next row of the ledger will have.</summary>
    public long NextSequence => snapshot.NextSequence + _rows.Count;

    /// <summary>
    /// The store's clock, later than the account's last decision by at least a microsecond, and not before the last one about what the whole
    /// workspace shares: who takes a shared slot that another account gave back takes it afterwards by the times too (TX-3).
    /// </summary>
    public Instant Now(AccountState account)
    {
        Instant after = Instant.Max(account.Account.DecidedAt + Clock.Microsecond, WorkspaceState.Account.DecidedAt);
        return Instant.Max(snapshot.Clock, after);
    }

    /// <summary>The random ids of the users, campaigns and keys that an event names; new ones are made here and written if the event is.</summary>
    public Scopes ScopesOf(AccountKey account, EventDetails details) =>
        new(IdOf(account, ScopeKind.User, details.User), IdOf(account, ScopeKind.Campaign, details.Campaign), IdOf(account, ScopeKind.Key, details.Key));

    /// <summary>Takes a decision into the batch and gives the answer that stands once it is committed.</summary>
    public Outcome Take(LedgerCommand command, Working account, Decision decision, EventDetails details, string type)
    {
        if (decision.Failure is { } failure)
        {
            return command.Failed(failure);
        }

        if (decision.Refusal != Refusal.None)
        {
            return Deny(command, account, decision, type);
        }

        Advance(account, decision);
        if (decision.Entry is not { } entry)
        {
            return new Outcome { Id = command.IdText, Account = account.State };
        }

        Register(command.Account, account.State.Account.Id, ScopeKind.User, details.User);
        Register(command.Account, account.State.Account.Id, ScopeKind.Campaign, details.Campaign);
        Register(command.Account, account.State.Account.Id, ScopeKind.Key, details.Key);
        long? reservation = entry.Kind == EntryKind.Reservation ? NextSequence : entry.Target;
        Outcome outcome = new() { Id = command.IdText, Entry = entry, Account = account.State, Hold = reservation is { } number ? account.State.Holds.Find(number) : null };
        _rows.Add(new LedgerRow(entry, details, command.Id, command.Fingerprint));
        Remember(command, outcome);
        return outcome;
    }

    /// <summary>Takes in what was decided beside a command, such as that a reservation has ended by time: a row without an id.</summary>
    public void Record(Working account, Decision decision, EventDetails details)
    {
        if (decision.Entry is not { } entry)
        {
            throw new ArgumentException("Only what takes effect is recorded.", nameof(decision));
        }

        Advance(account, decision);
        _rows.Add(new LedgerRow(entry, details, null, default));
    }

    /// <summary>Opens an account's periods: grants that Weir makes itself are looked at like others, under ids of its own.</summary>
    public void Open(Working account, Opened opened)
    {
        account.Open(opened);
        foreach (Entry entry in opened.Entries)
        {
            string id = AdmissionService.OwnId();
            _rows.Add(new LedgerRow(entry, new EventDetails { Id = id }, Digest.Of(id), default));
        }
    }

    /// <summary>Writes to the audit log what a decision of this batch has changed.</summary>
    public void Audit(AuditEntry entry) => _audit.Add(entry);

    /// <summary>Takes in a decision that took effect, with the alerts that come of it.</summary>
    public void Advance(Working account, Decision decision)
    {
        decision = Watch(account, decision);
        account.Advance(decision.Account, decision);
        if (!ReferenceEquals(decision.Workspace, _workspace.State))
        {
            _workspace.Advance(decision.Workspace, decision);
        }
    }

    public void ChangeAccount(Working account, AccountState state, AccountProfile? profile, AuditEntry audit)
    {
        account.Replace(Watch(account, new Decision(state, _workspace.State)).Account);
        _audit.Add(audit);
        if (profile is not null)
        {
            _profiles[state.Account.Id] = new ProfileWrite(state.Account.Id, profile);
        }
    }

    /// <summary>Takes in that an account, or one user of it, is erased with this batch.</summary>
    public void Erase(Erasure erasure, AuditEntry audit)
    {
        _erasures.Add(erasure);
        _audit.Add(audit);
    }

    public LedgerWrites? Writes()
    {
        List<AccountWrite> accounts = [];
        foreach (Working working in _accounts.Values.Append(_workspace))
        {
            if (working.IsChanged)
            {
                accounts.Add(working.ToWrite(snapshot.Clock));
            }
        }

        return accounts.Count == 0 && _denials.Count == 0 && _denialCounts.Count == 0 && _profiles.Count == 0 && _erasures.Count == 0
            ? null
            : new LedgerWrites
            {
                Accounts = accounts,
                Profiles = [.. _profiles.Values],
                Aliases = _aliases,
                Rows = _rows,
                Denials = _denials,
                Audit = _audit,
                Erasures = _erasures,
                Alerts = _alerts,
                Notifications = [.. _alerts.Select(AlertNotes.Of)],
                DenialCounts = [.. _denialCounts.Select(c => new DenialCount(c.Key.Item1, c.Key.Item2, c.Key.Item3, c.Key.Item4, c.Value))],
            };
    }

    /// <summary>Every decision that takes effect passes here: what it raises and resolves becomes part of it.</summary>
    private Decision Watch(Working account, Decision decision)
    {
        Decision watched = Alerting.Watch(account.State, decision, book, decision.Account.Account.DecidedAt);
        foreach (AlertChange change in watched.Alerts)
        {
            _alerts.Add(Alert.Of(watched.Account.Account.Id, change));
        }

        return watched;
    }

    private Outcome Deny(LedgerCommand command, Working account, Decision decision, string type)
    {
        Outcome denial = new()
        {
            Id = command.IdText,
            Refusal = decision.Refusal,
            Violations = decision.Violations,
            Advice = decision.Advice,
            Account = account.State,
        };
        if (command.CountsDenial)
        {
            (long, Instant, string, Refusal) count = (account.State.Account.Id, SummaryKey.BucketOf(snapshot.Clock), type, decision.Refusal);
            _denialCounts[count] = _denialCounts.GetValueOrDefault(count) + 1;
        }

        if (command.Id is { } id && command.KeepsDenial(denial))
        {
            _denials.Add(new StoredDenial(id, command.Fingerprint, DenialJson.Write(denial), snapshot.Clock));
            Remember(command, denial);
        }

        return denial;
    }

    private void Remember(LedgerCommand command, Outcome outcome)
    {
        if (command.Id is { } id)
        {
            _answered[id] = (command.Fingerprint, outcome);
        }
    }

    private long IdOf(AccountKey account, ScopeKind kind, string? name)
    {
        if (name is null)
        {
            return 0;
        }

        Alias alias = new(account, kind, name);
        if (snapshot.Aliases.TryGetValue(alias, out long known) || _newAliases.TryGetValue(alias, out known))
        {
            return known;
        }

        long id = RandomId();
        _newAliases.Add(alias, id);
        return id;
    }

    private void Register(AccountKey key, long account, ScopeKind kind, string? name)
    {
        if (name is not null && _newAliases.TryGetValue(new Alias(key, kind, name), out long id) && !_aliases.Exists(a => a.Id == id))
        {
            _aliases.Add(new NewAlias(account, new Alias(key, kind, name), id));
        }
    }

    /// <summary>A positive random number: ids in the ledger say nothing about who they stand for (PRIV-1).</summary>
    public static long RandomId()
    {
        long id;
        do
        {
            id = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) & long.MaxValue;
        }
        while (id == 0);
        return id;
    }

    private static Digest? Target(LedgerCommand command) => (command as TargetedCommand)?.Target;

    private static Outcome Reused(LedgerCommand command) => command.Failed(new Failure(Refusal.IdReused, "/id",
        $"The id '{command.IdText}' was used for a request with other content. Repeat a request exactly as it was, or give a new one an id of its own."));

    /// <summary>An account while the batch is decided, and what of it will be written.</summary>
    internal sealed class Working(AccountKey? key, AccountState state)
    {
        private readonly KeyList<BalanceKey> _balances = new();
        private readonly KeyList<RateKey> _rates = new();
        private readonly KeyList<StatePart> _parts = new();

        public AccountState State { get; private set; } = state;

        public bool IsChanged { get; private set; }

        public void Advance(AccountState next, Decision decision)
        {
            foreach (EntryLine line in decision.Entry?.Lines ?? [])
            {
                if (line.Key.Scope == ScopeKind.Workspace == (key is null))
                {
                    _balances.Add(line.Key);
                }
            }

            if (!ReferenceEquals(next.Rates, State.Rates))
            {
                foreach ((RateKey rate, RateWindow window) in next.Rates)
                {
                    if (!State.Rates.TryGetValue(rate, out RateWindow? before) || !ReferenceEquals(before, window))
                    {
                        _rates.Add(rate);
                    }
                }
            }

            if (!ReferenceEquals(next.Holds, State.Holds))
            {
                foreach (long hold in decision.Holds)
                {
                    _parts.Add(new StatePart(StatePartKind.Hold, hold));
                }
            }

            if (!ReferenceEquals(next.Fences, State.Fences))
            {
                _parts.Add(new StatePart(StatePartKind.Fences, 0));
            }

            Move(next);
        }

        /// <summary>Without entries there is nothing to write by itself: what is past goes with the next change.</summary>
        public void Open(Opened opened)
        {
            NoteGrants(opened.Account);
            State = opened.Account;
            IsChanged |= !opened.Entries.IsEmpty;
        }

        public void Replace(AccountState next) => Move(next);

        private void Move(AccountState next)
        {
            foreach (StatePart part in AlertParts.ChangedBetween(State, next))
            {
                _parts.Add(part);
            }

            NoteGrants(next);
            State = next;
            IsChanged = true;
        }

        /// <summary>Balances of closed periods that an import is about; they are part of the state only for this batch.</summary>
        public void Extend(IEnumerable<Balance> balances) =>
            State = State with { Balances = State.Balances.SetItems(balances.Select(b => KeyValuePair.Create(b.Key, b))) };

        public AccountWrite ToWrite(Instant now)
        {
            if (State.Account.Version % PruneEvery == 0)
            {
                // The store still has them; the remembered state need not.
                IEnumerable<BalanceKey> closed = State.Balances.Values
                    .Where(b => !_balances.Contains(b.Key) && new Engine.Period(b.Key.PeriodStart, b.PeriodEnd).IsClosedAt(now))
                    .Select(b => b.Key);
                State = State with { Balances = State.Balances.RemoveRange(closed) };
            }

            return new AccountWrite(State, _balances.Keys, _rates.Keys) { Key = key, Parts = _parts.Keys };
        }

        private void NoteGrants(AccountState next)
        {
            if (ReferenceEquals(next.Grants, State.Grants))
            {
                return;
            }

            foreach ((long number, Grant grant) in next.Grants)
            {
                if (!State.Grants.TryGetValue(number, out Grant? before) || !ReferenceEquals(before, grant))
                {
                    _parts.Add(new StatePart(StatePartKind.Grant, number));
                }
            }

            foreach (long number in State.Grants.Keys)
            {
                if (!next.Grants.ContainsKey(number))
                {
                    _parts.Add(new StatePart(StatePartKind.Grant, number));
                }
            }
        }
    }
}
