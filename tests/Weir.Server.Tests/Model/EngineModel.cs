using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir.Server.Tests.Model;

/// <summary>
/// What should be answered: the pure decisions, and around them no more than books of what was decided under which id. Immutable, as the
/// machine runs it more than once.
/// </summary>
internal sealed record EngineModel
{
    public static readonly Instant Start = Instant.FromUtc(2026, 3, 10, 12, 0);

    private static readonly Engine.Catalog s_catalog = CatalogText.Read(Step.Catalog, CatalogFormat.Yaml).Catalog!;
    private static readonly CatalogBook s_book = new(1, ImmutableDictionary<int, Engine.Catalog>.Empty.Add(1, s_catalog));
    private static readonly ImmutableArray<string> s_users = ["u", "v"];

    public Instant Now { get; private init; } = Start;

    public string Told { get; private init; } = "";

    private ImmutableDictionary<string, AccountState> Accounts { get; init; } = ImmutableDictionary<string, AccountState>.Empty;

    private AccountState Workspace { get; init; } = AccountState.Of(NewAccount(Account.WorkspaceHead, Start));

    private ImmutableDictionary<string, Known> Ids { get; init; } = ImmutableDictionary<string, Known>.Empty;

    private long LastSequence { get; init; }

    /// <summary>Whether the last step, a reservation, would not have had to wait for a slot.</summary>
    public bool HadSlot { get; private init; }

    public EngineModel After(Step step)
    {
        EngineModel model = this with { Now = Now + Duration.FromSeconds(step.Wait) + Duration.FromMilliseconds(1) };
        if (step.Verb == Verb.Look)
        {
            return model with { Told = model.Look(step.Account) };
        }

        (EngineModel after, Outcome outcome) = step.Verb switch
        {
            Verb.Consume => model.Use(step, ConsumeMode.Enforce),
            Verb.BestEffort => model.Use(step, ConsumeMode.BestEffort),
            Verb.Record => model.Use(step, ConsumeMode.Record),
            Verb.Reserve or Verb.WaitReserve => model.Reserve(step),
            Verb.Reverse => model.Reverse(step),
            Verb.Adjust or Verb.Reset => model.Adjust(step),
            Verb.Give => model.Give(step),
            Verb.EndGrant => model.EndGrant(step),
            Verb.Override => model.Change(step, new AccountChange { SetOverride = step.Override }, create: false),
            Verb.Subscribe => model.Change(step, new AccountChange { Plan = step.Plan }, create: true),
            Verb.PlanChange => model.Change(step, new AccountChange { Subscribe = step.Subscription }, create: false),
            Verb.CancelPlanned => model.Change(step, new AccountChange { CancelPlanned = true }, create: false),
            Verb.Suspend => model.Change(step, step.Suspension, create: true),
            Verb.Move => model.Change(step, step.Moving, create: true),
            _ => model.Settle(step),
        };
        return after with { Told = Model.Told.Of(step, outcome), HadSlot = outcome.Violations.All(violation => violation.Reason != Refusal.NoSlot) };
    }

    public static string GrowthOf(Step step) => $"{step.Id}-grown-{step.Word}";

    private (EngineModel, Outcome) Use(Step step, ConsumeMode mode)
    {
        if (Rate(step, out Failure? failure) is not { } rated)
        {
            return (this, Failed(step.Id, failure!));
        }

        string content = $"{step.Verb} {step.Account} {step.User} {step.Type} {step.Amount}";
        if (Repeat(step.Id, content) is { } repeat)
        {
            return (this, repeat);
        }

        EngineModel model = WithAccount(step.Account).Open(step.Account);
        Consume command = new() { Rated = rated, Mode = mode, Now = model.NowOf(step.Account), Scopes = ScopesOf(step) };
        return model.Take(step.Account, step.Id, content, Weir.Engine.Admission.Decide(model.Accounts[step.Account], model.Workspace, s_book, command));
    }

    private (EngineModel, Outcome) Reserve(Step step)
    {
        if (Rate(step, out Failure? failure) is not { } rated)
        {
            return (this, Failed(step.Id, failure!));
        }

        string content = $"Reserve {step.Account} {step.User} {step.Type} {step.Amount} {step.Ttl}";
        if (Repeat(step.Id, content) is { } repeat)
        {
            return (this, repeat);
        }

        EngineModel model = WithAccount(step.Account).Open(step.Account);
        Consume wish = new() { Rated = rated, Mode = ConsumeMode.Enforce, Now = model.NowOf(step.Account), Scopes = ScopesOf(step), TakesSlot = true };
        Decision decision = Reservations.Decide(
            model.Accounts[step.Account], model.Workspace, s_book, new Reserve(wish, model.LastSequence + 1, Duration.FromSeconds(step.Ttl), "lease"));
        return model.Take(step.Account, step.Id, content, decision);
    }

    private (EngineModel, Outcome) Settle(Step step)
    {
        if (Ids.GetValueOrDefault(step.Id)?.Entry is not { } original)
        {
            return (this, Failed(step.Id, new Failure(Refusal.ReservationNotFound, "", "")));
        }

        Known target = Ids[step.Id];
        string content = step.Verb == Verb.Commit ? $"commit {step.Word} {(step.Word == "held" ? 0 : step.Amount)}" : step.Verb == Verb.Grow ? $"grow {step.Id} {step.Amount}" : "release";
        if (step.Verb == Verb.Grow && Repeat(GrowthOf(step), content) is { } grown)
        {
            return (this, grown);
        }

        EngineModel model = Open(target.Account);
        if (original.Kind != EntryKind.Reservation)
        {
            return (model, Failed(step.Id, new Failure(Refusal.ReservationNotFound, "", "")));
        }

        EntryKind end = step.Verb == Verb.Commit ? EntryKind.Commit : EntryKind.Release;
        if (step.Verb is Verb.Commit or Verb.Release && target.Later.FirstOrDefault(later => later.Entry.Kind == end && later.Content == content).Entry is { } earlier)
        {
            return (model, new Outcome { Id = step.Id, Entry = earlier, Replayed = true });
        }

        if (step.Verb == Verb.Commit && model.Accounts[target.Account].Holds.Find(target.Sequence) is { } due && !due.IsLiveAt(model.NowOf(target.Account)))
        {
            Decision expired = Reservations.Expire(model.Accounts[target.Account], model.Workspace, s_book, due, model.NowOf(target.Account));
            model = model.Moved(target.Account, expired, step.Id, "expired");
            target = model.Ids[step.Id];
        }

        Instant now = model.NowOf(target.Account);

        (AccountState account, ImmutableArray<Entry> later, EventType type) = (model.Accounts[target.Account], [.. target.Later.Select(entry => entry.Entry)], s_catalog.Events[original.Type!]);
        RatedEvent? rated = null;
        if (step.Verb == Verb.Grow || (step.Verb == Verb.Commit && step.Word != "held"))
        {
            rated = Rater.Rate(s_catalog, type, original.Properties.With(NumberOf(step)), null, out Failure? failure);
            if (rated is null)
            {
                return (model, Failed(step.Id, failure!));
            }
        }

        Duration ttl = Duration.FromSeconds(step.Ttl);
        Overrun overrun = step.Word switch { "consume" => Overrun.Consume, "record" => Overrun.Record, _ => Overrun.Reject };
        Decision decision = step.Verb switch
        {
            Verb.Commit => Reservations.Decide(account, model.Workspace, s_book, new Commit(original, target.Sequence, later, rated, type, overrun, type.LateCommit, null, now)),
            Verb.Release => Reservations.Decide(account, model.Workspace, s_book, new Release(original, target.Sequence, later, null, now, null)),
            Verb.Extend => Reservations.Decide(account, model.Workspace, new Extend(original, target.Sequence, later, ttl, null, null, now)),
            _ => Reservations.Decide(account, model.Workspace, s_book, new Grow(original, target.Sequence, later, rated!, null, now)),
        };
        if (decision.Failure is { Refusal: Refusal.ReservationEnded or Refusal.StaleFence } ended)
        {
            return (model, Failed(step.Id, ended with { State = Reservations.StateOf(account.Holds.Find(target.Sequence), later, now) }));
        }

        Outcome outcome = OutcomeOf(step.Id, decision) with { Hold = decision.Account.Holds.Find(target.Sequence) };
        if (decision.Refusal != Refusal.None)
        {
            // Only what carries an id of its own keeps its denial.
            return (step.Verb == Verb.Grow && decision.Failure is null ? model with { Ids = model.Ids.Add(GrowthOf(step), new Known(target.Account, 0, null, content, outcome, [])) } : model, outcome);
        }

        EngineModel after = decision.Entry is null
            ? model with { Accounts = model.Accounts.SetItem(target.Account, decision.Account), Workspace = decision.Workspace }
            : model.Moved(target.Account, decision, step.Id, content);
        return (step.Verb == Verb.Grow ? after with { Ids = after.Ids.Add(GrowthOf(step), new Known(target.Account, after.LastSequence, decision.Entry, content, outcome, [])) } : after, outcome);
    }

    private (EngineModel, Outcome) Reverse(Step step)
    {
        if (Ids.GetValueOrDefault(step.Id) is not { Entry: { } original } target)
        {
            return (this, Failed(step.Id, new Failure(Refusal.EventNotFound, "", "")));
        }

        EngineModel model = Open(target.Account);
        if (target.Later.FirstOrDefault(later => later.Entry.Kind == EntryKind.Reversal).Entry is { } earlier)
        {
            return (model, new Outcome { Id = step.Id, Entry = earlier, Replayed = true });
        }

        Decision decision = Corrections.Decide(
            model.Accounts[target.Account], model.Workspace, s_book,
            new Reverse(original, target.Sequence, [.. target.Later.Select(later => later.Entry)], model.NowOf(target.Account), null, "model"));
        return (decision.Entry is null ? model : model.Moved(target.Account, decision, step.Id, "reversed"), OutcomeOf(step.Id, decision));
    }

    private (EngineModel, Outcome) Adjust(Step step)
    {
        bool resets = step.Verb == Verb.Reset;
        string meter = resets ? step.ResetMeter : "credits";
        decimal amount = resets ? 0 : AdjustmentOf(step);
        string content = $"{step.Verb} {step.Account} {meter} {amount}";
        if (Repeat(step.Id, content) is { } repeat)
        {
            return (this, repeat);
        }

        if (!Accounts.ContainsKey(step.Account))
        {
            return (this, Failed(step.Id, new Failure(Refusal.UnknownAccount, "", "")));
        }

        EngineModel model = Open(step.Account);
        Adjust adjust = new(s_catalog.Meters[meter], new Quantity((long)(amount * 100)), model.NowOf(step.Account), "model", "model") { Resets = resets };
        return model.Take(step.Account, step.Id, content, Corrections.Decide(model.Accounts[step.Account], model.Workspace, s_book, adjust));
    }

    private (EngineModel, Outcome) Give(Step step)
    {
        GrantRequest request = step.Grant;
        string content = $"give {step.Account} {request}";
        if (Repeat(step.Id, content) is { } repeat)
        {
            return (this, repeat);
        }

        if (!Accounts.ContainsKey(step.Account))
        {
            return (this, Failed(step.Id, new Failure(Refusal.UnknownAccount, "", "")));
        }

        EngineModel model = Open(step.Account);
        Meter meter = s_catalog.Meters[request.Meter];
        Quantity Units(decimal amount) => Quantity.TryFromDecimal(amount, meter.Scale, out Quantity units) ? units : throw new InvalidOperationException($"{amount} has too many decimals.");
        GrantTerms terms = new()
        {
            Meter = meter.Key,
            Scale = meter.Scale,
            Per = request.Per,
            Amount = Units(request.Amount),
            Priority = request.Priority,
            Start = request.Start ?? Now,
            End = request.Expiry ?? Instant.MaxValue,
            BeforePlan = request.BeforePlan,
            Recurrence = request.Recurrence,
            Rollover = request.Rollover is { } rollover ? new GrantRollover(Units(rollover.Max!.Value), Units(rollover.Min)) : null,
        };
        Give give = new(terms, model.LastSequence + 1, model.NowOf(step.Account), null, "model");
        return model.Take(step.Account, step.Id, content, Granting.Decide(model.Accounts[step.Account], model.Workspace, s_book, give));
    }

    private (EngineModel, Outcome) EndGrant(Step step)
    {
        EngineModel model = Open(step.Account);
        if (Ids.GetValueOrDefault(step.Id) is not { Entry.Kind: EntryKind.Grant } target || target.Account != step.Account)
        {
            return (model, Failed(step.Id, new Failure(Refusal.GrantNotFound, "", "")));
        }

        Instant now = model.NowOf(step.Account);
        AccountState account = model.Accounts[step.Account];
        if (!account.Grants.TryGetValue(target.Sequence, out Grant? grant) || now >= grant.EndsAt)
        {
            return (model, new Outcome { Id = step.Id });
        }

        Decision decision = Granting.Decide(account, model.Workspace, s_book, new EndGrant(target.Sequence, now, null, "model"));
        return (model.Moved(step.Account, decision, step.Id, "ended"), new Outcome { Id = step.Id });
    }

    /// <summary>The account's figures as they are shown.</summary>
    private string Look(string key)
    {
        if (!Accounts.TryGetValue(key, out AccountState? account))
        {
            return Refusal.UnknownAccount.Code();
        }

        // Looking opens the periods for itself, without effect.
        Instant at = Instant.Max(Now, account.Account.DecidedAt);
        AccountState opened = Opening.Of(account, account, s_book, Now, long.MinValue).Account;
        return Model.Told.Of(s_book.PlanOf(account.Account, at).Key, UsageView.Of(opened, s_book, at), opened.Holds.LiveAt(Now).Count(hold => hold.Slot is not null));
    }

    private (EngineModel, Outcome) Change(Step step, AccountChange change, bool create)
    {
        EngineModel model = create ? WithAccount(step.Account, change) : this;
        if (model.Accounts.GetValueOrDefault(step.Account) is null)
        {
            return (this, Failed(step.Account, new Failure(Refusal.UnknownAccount, "", "")));
        }

        model = model.Open(step.Account);
        AccountState account = model.Accounts[step.Account];
        Account? changed = AccountRules.Apply(account.Account, change, s_book, step.Account, model.NowOf(step.Account), out Failure? failure);
        return changed is null
            ? (model, Failed(step.Account, failure!))
            : (model with { Accounts = model.Accounts.SetItem(step.Account, account with { Account = changed }) }, new Outcome { Id = step.Account });
    }

    /// <summary>Later than the account's last decision, and not before the last one about what all share (TX-3).</summary>
    private Instant NowOf(string account) => Instant.Max(Now, Instant.Max(Accounts[account].Account.DecidedAt + Clock.Microsecond, Workspace.Account.DecidedAt));

    /// <summary>The first command of a new period opens it, whatever becomes of the command (GRANT-3).</summary>
    private EngineModel Open(string key)
    {
        if (!Accounts.TryGetValue(key, out AccountState? account))
        {
            return this;
        }

        Opened opened = Opening.Of(account, Workspace, s_book, NowOf(key), LastSequence + 1);
        return this with { Accounts = Accounts.SetItem(key, opened.Account), LastSequence = LastSequence + opened.Entries.Length };
    }

    public static decimal AdjustmentOf(Step step) => step.Amount == 0 ? 1 : step.Number;

    private Outcome? Repeat(string id, string content) => Ids.GetValueOrDefault(id) is not { } known ? null
        : known.Content == content ? known.Outcome with { Replayed = true }
        : Failed(id, new Failure(Refusal.IdReused, "", ""));

    private (EngineModel, Outcome) Take(string account, string id, string content, Decision decision)
    {
        Outcome outcome = OutcomeOf(id, decision);
        if (decision.Failure is not null)
        {
            return (this, outcome);
        }

        Known known = new(account, decision.Entry is null ? 0 : LastSequence + 1, decision.Entry, content, outcome, []);
        EngineModel after = decision.Entry is null ? this
            : this with { Accounts = Accounts.SetItem(account, decision.Account), Workspace = decision.Workspace, LastSequence = LastSequence + 1 };
        return (after with { Ids = after.Ids.Add(id, known) }, outcome);
    }

    /// <summary>Takes in an entry about an earlier one.</summary>
    private EngineModel Moved(string account, Decision decision, string target, string content)
    {
        Known known = Ids[target];
        return this with
        {
            Accounts = Accounts.SetItem(account, decision.Account),
            Workspace = decision.Workspace,
            LastSequence = LastSequence + 1,
            Ids = Ids.SetItem(target, known with { Later = known.Later.Add((decision.Entry!, content)) }),
        };
    }

    private EngineModel WithAccount(string key, AccountChange? change = null) =>
        Accounts.ContainsKey(key) ? this : this with { Accounts = Accounts.Add(key, AccountState.Of(NewAccount(Accounts.Count + 1, Now, change))) };

    /// <summary>A zone or an anchor that an account begins with shapes its first period already.</summary>
    private static Account NewAccount(long id, Instant now, AccountChange? change = null)
    {
        Schedule schedule = Schedule.StartingOn(now, change?.Zone ?? DateTimeZone.Utc);
        return new Account
        {
            Id = id,
            CreatedAt = now,
            Plan = s_catalog.DefaultPlan.Key,
            Timeline = Timeline.Starting(change?.Anchor is { } anchor ? new Schedule(schedule.Zone, anchor) : schedule),
        };
    }

    private static RatedEvent? Rate(Step step, out Failure? failure) => Rater.Rate(s_catalog, s_catalog.Events[step.Type], NumberOf(step), null, out failure);

    private static Properties NumberOf(Step step) => Properties.Of([KeyValuePair.Create("n", PropertyValue.Of(step.Number))]);

    private static Scopes ScopesOf(Step step) => new(step.User is null ? 0 : s_users.IndexOf(step.User) + 1, 0, 0);

    private static Outcome Failed(string id, Failure failure) => new() { Id = id, Refusal = failure.Refusal, Failure = failure };

    private static Outcome OutcomeOf(string id, Decision decision) =>
        new() { Id = id, Entry = decision.Entry, Refusal = decision.Refusal, Violations = decision.Violations, Advice = decision.Advice, Failure = decision.Failure };

    /// <summary>What stands under an id.</summary>
    private sealed record Known(string Account, long Sequence, Entry? Entry, string Content, Outcome Outcome, ImmutableArray<(Entry Entry, string Content)> Later);
}
