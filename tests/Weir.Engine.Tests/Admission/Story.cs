using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>
/// Tells the engine's rules in tables of <c>command | answer | figures</c>, one row a command:
/// <code>
/// at 2026-03-01T00:00Z
/// consume a use n=25        | allowed        | credits 25 of 100
/// consume a use n=80 as big | limit_exceeded | credits wants 80, used 25 of 100, leaves 75 until 2026-04-01
/// </code>
/// Rows without columns set the stage: <c>at</c> and <c>after</c> move the clock, <c>catalog 2</c> activates another version,
/// <c>host observe</c> is the host's own enforcement. Accounts (<c>a</c>) appear with their first row; <c>as name</c> keeps an entry
/// for <c>reverse</c> and <c>complete</c>, and a reservation for <c>commit</c>, <c>release</c>, <c>extend</c>, <c>grow</c> and <c>expire</c>. The names <c>user</c>, <c>campaign</c>, <c>key</c>, <c>at</c> and <c>cost</c> are the
/// event's own, all others its properties. The answer and every figure must be exactly as written, and beside that each row is
/// checked against books of the story's own: a refusal changes nothing, a balance is the sum of its lines.
/// </summary>
internal sealed partial class Story
{
    private readonly StoryBooks _books = new();
    private readonly AlertBooks _alerts = new();
    private readonly ImmutableDictionary<int, Catalog> _catalogs;
    private readonly Dictionary<string, AccountState> _accounts = [];
    private readonly Dictionary<string, Entry> _entries = [];
    private readonly Dictionary<string, List<Entry>> _later = [];
    private readonly List<string> _scopeNames = [""];
    private CatalogBook _book;
    private EnforcementMode? _host;
    private Instant _now = StoryText.Instant("2026-03-01");
    private AccountState _workspace;

    private Story(string[] catalogs)
    {
        _catalogs = catalogs.Select((text, i) => KeyValuePair.Create(i + 1, StoryCatalog.Read(text))).ToImmutableDictionary();
        _book = new CatalogBook(1, _catalogs);
        _workspace = AccountState.Of(NewAccount(Account.WorkspaceHead, new Arguments([])));
    }

    private StoryNames Names => new(_book.Active.Meters, _scopeNames, _grants.ToDictionary(grant => grant.Value.Number, grant => grant.Key));

    public static void Tells(string catalog, string table) => Tells([catalog], table);

    /// <param name="catalogs">Versions 1, 2, …; the first is active.</param>
    public static void Tells(string[] catalogs, string table)
    {
        Story story = new(catalogs);
        StringBuilder wrong = new();
        foreach (string row in Rows(table))
        {
            string[] columns = row.Split('|', StringSplitOptions.TrimEntries);
            (string Answer, string Figures)? told = story.Tell(columns[0]);
            Assert.True(columns.Length == (told is null ? 1 : 3), $"'{columns[0]}' {(told is null ? "has no answer" : "needs its answer and figures")}.");
            if (told is { } actual && (columns[1], columns[2]) != actual)
            {
                wrong.AppendLine(row).AppendLine($"  but: {actual.Answer} | {actual.Figures}");
            }
        }

        Assert.True(wrong.Length == 0, wrong.ToString());
    }

    private static IEnumerable<string> Rows(string table) =>
        table.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(row => !row.StartsWith('#'));

    private (string Answer, string Figures)? Tell(string command)
    {
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string first = words.ElementAtOrDefault(1) ?? "";
        Arguments arguments = new(words.Skip(2));
        switch (words[0])
        {
            case "at":
                _now = StoryText.Instant(first);
                return null;
            case "after":
                _now += StoryText.Duration(first);
                return null;
            case "catalog":
                _book = new CatalogBook(int.Parse(first, CultureInfo.InvariantCulture), _catalogs);
                return null;
            case "host":
                _host = Enum.Parse<EnforcementMode>(first, ignoreCase: true);
                return null;
            case "account":
                _accounts.Add(first, AccountState.Of(NewAccount(_accounts.Count + 1, arguments)));
                return null;
            case "consume":
                return Consume(first, arguments, ConsumeMode.Enforce);
            case "best_effort":
                return Consume(first, arguments, ConsumeMode.BestEffort);
            case "record":
                return Consume(first, arguments, ConsumeMode.Record);
            case "import":
                return Consume(first, arguments, ConsumeMode.Record, import: true);
            case "failed":
                return Consume(first, arguments, ConsumeMode.Record, failed: true);
            case "reverse":
                Entry reversed = _entries[first];
                return Decided(NameOf(reversed), arguments.Label, first, Corrections.Decide(AccountOf(NameOf(reversed)), _workspace, _book,
                    new Reverse(reversed, 1, [.. _later[first]], _now, "mistaken", "ops")));
            case "complete":
                Entry completed = _entries[first];
                RatedEvent? rated = arguments.Words is ["failed"] ? null : Rated(completed.Type!, arguments, completed, _catalogs[completed.CatalogVersion], out _);
                return Decided(NameOf(completed), arguments.Label, first, Corrections.Decide(AccountOf(NameOf(completed)), _workspace, _book,
                    new Complete(completed, 1, [.. _later[first]], rated, _now)));
            case "adjust":
                Meter meter = _book.Active.Meters[arguments.Words[0]];
                Assert.True(Quantity.TryFromDecimal(decimal.Parse(arguments.Words[1], CultureInfo.InvariantCulture), meter.Scale, out Quantity amount));
                return Decided(first, arguments.Label, null, Corrections.Decide(AccountOf(first), _workspace, _book, new Adjust(meter, amount, _now, "agreed", "ops")));
            case "reset":
                return Decided(first, arguments.Label, null, Corrections.Decide(AccountOf(first), _workspace, _book,
                    new Adjust(_book.Active.Meters[arguments.Words[0]], Quantity.Zero, _now, "agreed", "ops") { Resets = true }));
            case "change":
                return Changed(first, new AccountChange
                {
                    Plan = arguments["plan"],
                    Pin = arguments["pin"] is { } pin ? bool.Parse(pin) : null,
                    Zone = arguments["zone"] is { } zone ? PeriodText.Zone(zone) : null,
                    Anchor = arguments["anchor"] is { } anchor ? PeriodText.Local(anchor.Replace('T', ' ')) : null,
                    Suspended = arguments["suspended"] is { } suspended ? bool.Parse(suspended) : null,
                });
            case "subscribe":
                return Changed(first, new AccountChange
                {
                    Subscribe = new SubscriptionChange(arguments.Words[0])
                    {
                        When = arguments["when"] == "next_period" ? PlanStart.NextPeriod : PlanStart.Immediate,
                        Pin = arguments["pin"] == "true",
                        Until = arguments["until"] is { } until ? StoryText.Instant(until) : null,
                        Then = arguments["then"],
                    },
                });
            case "cancel":
                return Changed(first, new AccountChange { CancelPlanned = true });
            case "migrate":
                return Changed(first, new AccountChange { Migrate = new PlanMigration(arguments["plan"]) });
            case "compare":
                AccountState compared = AccountOf(first);
                Account after = AccountRules.Apply(compared.Account, new AccountChange { Migrate = new PlanMigration(null) }, _book, first, _now, out _)!;
                return ("", string.Join("; ", PlanComparison.Of(compared, after, _book, _now).Limits.Select(StoryText.Difference)));
            case "plan":
                return ("", StoryText.Plans(AccountOf(first).Account, _now));
            case "override":
                return Changed(first, Override(arguments));
            case "grant":
                return GrantTo(first, arguments);
            case "end":
                return End(first, arguments);
            case "open":
                return Open(first);
            case "left":
                return Left(first);
            case "crowd":
                Crowd(first);
                return null;
            case "reserve":
                return Reserve(first, arguments);
            case "commit" or "release" or "extend" or "grow" or "expire":
                return Settle(words[0], first, arguments);
            case "silence":
                return Silence(first);
            case "watch":
                return Changed(first, Watch(AccountOf(first).Account.AlertRules, arguments));
            case "usage":
                ImmutableArray<UsageLine> lines = first == "workspace" ? UsageView.OfWorkspace(_workspace, _book, _now) : UsageView.Of(AccountOf(first), _book, _now);
                return ("", string.Join("; ", lines.Select(line => StoryText.Line(line, Names))));
            default:
                throw new FormatException($"A story does not know '{words[0]}'.");
        }
    }

    private (string, string) Consume(string account, Arguments arguments, ConsumeMode mode, bool import = false, bool failed = false)
    {
        AccountState state = AccountOf(account);
        if (Rated(arguments.Words[0], arguments, null, _book.Active, out Failure? failure) is not { } rated)
        {
            return (failure!.Refusal.Code(), StoryText.Pointer(failure));
        }

        Consume command = new()
        {
            Rated = rated,
            Mode = mode,
            HostEnforcement = _host,
            Now = _now,
            At = arguments["at"] is { } at ? StoryText.Instant(at) : null,
            Import = import,
            Failed = failed,
            Scopes = new Scopes(ScopeId(arguments["user"]), ScopeId(arguments["campaign"]), ScopeId(arguments["key"])),
        };
        return Decided(account, arguments.Label, null, Weir.Engine.Admission.Decide(state, _workspace, _book, command), mode);
    }

    private static RatedEvent? Rated(string type, Arguments arguments, Entry? before, Catalog catalog, out Failure? failure)
    {
        Money? cost = arguments["cost"] is { } amount ? new Money(decimal.Parse(amount, CultureInfo.InvariantCulture)) : before?.Cost;
        Properties properties = (before?.Properties ?? Properties.Empty).With(arguments.Properties);
        return Rater.Rate(catalog, catalog.Events[type], properties, cost, out failure);
    }

    private (string, string) Decided(string account, string? label, string? target, Decision decision, ConsumeMode mode = default)
    {
        _books.Follow(_accounts[account], _workspace, decision, _now);
        decision = _alerts.Follow(_accounts[account], Alerting.Watch(_accounts[account], decision, _book, _now));
        _accounts[account] = decision.Account;
        _workspace = decision.Workspace;
        if (decision.Entry is { } entry)
        {
            if (target is not null)
            {
                _later[target].Add(entry);
            }

            if (label is not null)
            {
                _entries.Add(label, entry);
                _later.Add(label, []);
            }
        }

        string answer = decision.Entry is null ? decision.Refusal.Code() : StoryText.Kind(decision.Entry.Kind, mode);
        return (answer, StoryText.Figures(decision, Names));
    }

    private (string, string) Changed(string account, AccountChange change)
    {
        AccountState state = AccountOf(account);
        Account? changed = AccountRules.Apply(state.Account, change, _book, account, _now, out Failure? failure);
        Assert.Equal(changed is null, failure is not null);
        if (failure is not null)
        {
            return (failure.Refusal.Code(), StoryText.Pointer(failure));
        }

        Decision decision = _alerts.Follow(state, Alerting.Watch(state, new Decision(state with { Account = changed! }, _workspace), _book, _now));
        _accounts[account] = decision.Account;
        return (ReferenceEquals(changed, state.Account) ? "unchanged" : "changed", StoryText.Figures(decision, Names));
    }

    private AccountChange Override(Arguments arguments)
    {
        string meter = arguments.Words[0];
        ScopeKind scope = ScopeNames.TryParse(arguments["scope"] ?? "account", out ScopeKind known) ? known : throw new FormatException(arguments["scope"]);
        Per? per = arguments["per"] is { } text ? PeriodText.Per(text) : null;
        if (arguments.Words is [_, "none"])
        {
            return new AccountChange { RemoveOverride = (meter, scope, per) };
        }

        Quantity? limit = null;
        if (arguments.Words is [_, not "unlimited"])
        {
            int scale = _book.Active.Meters.GetValueOrDefault(meter)?.Scale ?? 0;
            limit = new Quantity((long)(decimal.Parse(arguments.Words[1], CultureInfo.InvariantCulture) * Decimals.PowerOfTen(scale)));
        }

        Instant? until = arguments["until"] is { } end ? StoryText.Instant(end) : null;
        return new AccountChange { SetOverride = new LimitOverride(meter, scope, per, limit, until, "agreed") };
    }

    /// <summary>Finds the account's jobs that have not been heard of, as the sweeper does.</summary>
    private (string, string) Silence(string account)
    {
        Decision decision = StuckJobs.Decide(AccountOf(account), _workspace, _now, 100);
        return decision.Holds.IsEmpty ? ("none", "") : ("stuck", Decided(account, null, null, decision).Item2);
    }

    /// <summary><c>credits percent=80</c>, <c>credits remaining=10 per=day</c>, <c>cost amount=20 scope=user</c>: one more; <c>none</c>: none; <c>only</c>: without the plan's.</summary>
    private AccountChange Watch(AlertRuleSet rules, Arguments arguments)
    {
        if (arguments.Words is ["none"] or ["only"])
        {
            return new AccountChange { AlertRules = arguments.Words is ["none"] ? AlertRuleSet.Empty : rules with { ReplacesPlan = true } };
        }

        string meter = arguments.Words[0];
        (AlertBasis basis, string text) = arguments["percent"] is { } percent ? (AlertBasis.Percent, percent)
            : arguments["remaining"] is { } remaining ? (AlertBasis.Remaining, remaining)
            : (AlertBasis.Amount, arguments["amount"]!);
        decimal value = decimal.Parse(text, CultureInfo.InvariantCulture) * (basis == AlertBasis.Percent ? 1 : Decimals.PowerOfTen(_book.Active.Meters.GetValueOrDefault(meter)?.Scale ?? 0));
        ScopeKind scope = ScopeNames.TryParse(arguments["scope"] ?? "account", out ScopeKind known) ? known : throw new FormatException(arguments["scope"]);
        AlertRule rule = new(meter, scope, arguments["per"] is { } per ? PeriodText.Per(per) : null, new AlertThreshold(basis, value));
        return new AccountChange { AlertRules = rules with { Rules = rules.Rules.Add(rule) } };
    }

    private AccountState AccountOf(string name)
    {
        if (!_accounts.TryGetValue(name, out AccountState? state))
        {
            state = AccountState.Of(NewAccount(_accounts.Count + 1, new Arguments([])));
            _accounts.Add(name, state);
        }

        return Opened(name, state).Account;
    }

    private Account NewAccount(long id, Arguments arguments)
    {
        DateTimeZone zone = PeriodText.Zone(arguments["zone"] ?? "UTC");
        Schedule schedule = arguments["anchor"] is { } anchor ? new Schedule(zone, PeriodText.Local(anchor.Replace('T', ' '))) : Schedule.StartingOn(_now, zone);
        return new Account
        {
            Id = id,
            CreatedAt = _now,
            Plan = arguments["plan"] ?? _book.Active.DefaultPlan.Key,
            Timeline = Timeline.Starting(schedule),
        };
    }

    private string NameOf(Entry entry) => _accounts.Single(account => account.Value.Account.Id == entry.Account).Key;

    private long ScopeId(string? name)
    {
        if (name is null)
        {
            return 0;
        }

        if (!_scopeNames.Contains(name))
        {
            _scopeNames.Add(name);
        }

        return _scopeNames.IndexOf(name);
    }

    /// <summary>What follows the verb and its subject: words, <c>name=value</c>, and the label after <c>as</c>.</summary>
    private sealed class Arguments
    {
        private static readonly string[] s_own = ["user", "campaign", "key", "at", "cost", "ttl", "overrun", "fence", "progress", "queue"];
        private readonly Dictionary<string, string> _named = [];

        public Arguments(IEnumerable<string> words)
        {
            List<string> all = [.. words];
            if (all.Count >= 2 && all[^2] == "as")
            {
                Label = all[^1];
                all.RemoveRange(all.Count - 2, 2);
            }

            foreach (string word in all)
            {
                string[] parts = word.Split('=', 2);
                if (parts.Length == 2)
                {
                    _named.Add(parts[0], parts[1]);
                }
                else
                {
                    Words.Add(word);
                }
            }
        }

        public string? Label { get; }

        public List<string> Words { get; } = [];

        public Properties Properties => Properties.Of(_named.Where(pair => !s_own.Contains(pair.Key)).Select(pair => KeyValuePair.Create(pair.Key, StoryText.Value(pair.Value))));

        public string? this[string name] => _named.GetValueOrDefault(name);
    }
}
