using System.Text.Json;

using Weir.Chaos;
using Weir.Engine;

namespace Weir.Server.Tests.Chaos;

/// <summary>What judges jobs, reversals and grants of the chaos run finds each fault that it looks for, and nothing where there is none.</summary>
public sealed class JobAuditTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 21, 10, 0, 0, TimeSpan.Zero);

    [Fact(DisplayName = "RES-1: the audit of jobs sees one that is lost, made twice, made for nobody, and one that a denied try may have made")]
    public void StandOnce()
    {
        Fact[] facts = [Reserved(1, "a", 5), Ended(2, EntryKind.Commit, 1, 5, 5)];
        ToldJob a = Told("a", 5, new JobEnd("committed", 5, MayExceed: false));
        Assert.Empty(JobAudit.Ends([a], facts));
        Assert.StartsWith("lost: b was reserved", Assert.Single(JobAudit.Ends([a, Told("b", 5)], facts)), StringComparison.Ordinal);
        Assert.StartsWith("duplicate: a", Assert.Single(JobAudit.Ends([a], [.. facts, Reserved(3, "a", 5), Ended(4, EntryKind.Expiry, 3, 0, 5)])), StringComparison.Ordinal);
        ToldJob denied = Told("c", 5) with { Reserved = false };
        Fact[] more = [.. facts, Reserved(3, "c", 5), Ended(4, EntryKind.Expiry, 3, 0, 5)];
        Assert.StartsWith("unknown: c holds", Assert.Single(JobAudit.Ends([a], more)), StringComparison.Ordinal);
        Assert.StartsWith("unknown: c holds", Assert.Single(JobAudit.Ends([a, denied], more)), StringComparison.Ordinal);
        Assert.Empty(JobAudit.Ends([a, denied with { InDoubt = true }], more));
    }

    [Fact(DisplayName = "RES-1, RES-3: the audit of jobs sees one that never ended, ended twice, was committed late twice or without having expired")]
    public void EndsOnce()
    {
        Fact made = Reserved(1, "a", 5);
        Fact expired = Ended(2, EntryKind.Expiry, 1, 0, 5);
        Fact late = Ended(3, EntryKind.Commit, 1, 5, 0) with { IsLate = true };
        ToldJob told = Told("a", 5);
        ToldJob toldLate = Told("a", 5, new JobEnd("expired", 5, MayExceed: false));
        Assert.Empty(JobAudit.Ends([told], [made, expired]));
        Assert.Empty(JobAudit.Ends([toldLate], [made, expired, late]));
        Assert.StartsWith("ends: a ended 0 times", Assert.Single(JobAudit.Ends([told], [made])), StringComparison.Ordinal);
        Assert.StartsWith("ends: a ended 2 times", Assert.Single(JobAudit.Ends([told], [made, expired, Ended(3, EntryKind.Release, 1, 0, 5)])), StringComparison.Ordinal);
        Assert.StartsWith("ends: a ended 2 times", Assert.Single(JobAudit.Ends([told], [made, expired, late with { IsLate = false }])), StringComparison.Ordinal);
        Assert.StartsWith("ends: a was committed late 2 times", Assert.Single(JobAudit.Ends([toldLate], [made, expired, late, late with { Number = 4 }])), StringComparison.Ordinal);
        Assert.Contains(
            JobAudit.Ends([Told("a", 5, new JobEnd("released", 0, MayExceed: false))], [made, Ended(2, EntryKind.Release, 1, 0, 5), late]),
            violation => violation.StartsWith("ends: a was committed late 1 times after Release", StringComparison.Ordinal));
    }

    [Fact(DisplayName = "RES-1, RES-2: the audit of jobs sees an end that its caller was not told, was told otherwise, or for another amount")]
    public void EndsAsTold()
    {
        Fact[] committed = [Reserved(1, "a", 5), Ended(2, EntryKind.Commit, 1, 3, 5)];
        Assert.Empty(JobAudit.Ends([Told("a", 5, new JobEnd("committed", 3, MayExceed: false))], committed));
        Assert.StartsWith("unknown: a is committed", Assert.Single(JobAudit.Ends([Told("a", 5)], committed)), StringComparison.Ordinal);
        Assert.StartsWith("amount: a used 3", Assert.Single(JobAudit.Ends([Told("a", 5, new JobEnd("committed", 5, MayExceed: false))], committed)), StringComparison.Ordinal);
        Assert.StartsWith("lost: the caller of a", Assert.Single(JobAudit.Ends([Told("a", 5, new JobEnd("released", 3, MayExceed: false))], committed)), StringComparison.Ordinal);
        Assert.StartsWith(
            "lost: the caller of a", Assert.Single(JobAudit.Ends([Told("a", 5, new JobEnd("committed", 5, MayExceed: false))], [committed[0], Ended(2, EntryKind.Expiry, 1, 0, 5)])), StringComparison.Ordinal);
        ToldJob refused = Told("a", 5, new JobEnd("committed", 3, MayExceed: false)) with { Refusals = ["committed"] };
        Assert.Empty(JobAudit.Ends([refused], committed));
        Assert.StartsWith("ends: a was refused as released", Assert.Single(JobAudit.Ends([refused with { Refusals = ["committed", "released"] }], committed)), StringComparison.Ordinal);
    }

    [Fact(DisplayName = "RES-1, RES-3: the audit of jobs lets a commit that was denied take effect by an earlier try, in time or late, and no other one")]
    public void EndsByAnEarlierTry()
    {
        Fact made = Reserved(1, "a", 5);
        Fact expired = Ended(2, EntryKind.Expiry, 1, 0, 5);
        Fact late = Ended(3, EntryKind.Commit, 1, 8, 0) with { IsLate = true };
        Dictionary<string, Shown> shown = new(StringComparer.Ordinal) { ["acme"] = new Shown(8, 0, Menu.CreditLimit) };
        ToldJob denied = Told("a", 5) with { Denied = [(8, true)] };
        foreach (Fact[] facts in (Fact[][])[[made, expired, late], [made, Ended(2, EntryKind.Commit, 1, 8, 5)]])
        {
            ToldCredits settled = JobAudit.WithLateTries(new ToldCredits([denied], [], []), facts);
            Assert.Empty(JobAudit.Ends(settled.Jobs, facts));
            Assert.Empty(JobAudit.Balances(settled, shown));
            ToldCredits other = JobAudit.WithLateTries(new ToldCredits([denied with { Denied = [(7, true)] }], [], []), facts);
            Assert.StartsWith("unknown: a is", Assert.Single(JobAudit.Ends(other.Jobs, facts)), StringComparison.Ordinal);
            Assert.StartsWith("duplicate: acme has used", Assert.Single(JobAudit.Balances(other, shown)), StringComparison.Ordinal);
        }

        // More than is held, and to be rejected: that can only be recorded once it came late.
        ToldJob rejected = denied with { Denied = [(8, false)] };
        Assert.Empty(JobAudit.Ends(JobAudit.WithLateTries(new ToldCredits([rejected], [], []), [made, expired, late]).Jobs, [made, expired, late]));
        Fact inTime = Ended(2, EntryKind.Commit, 1, 8, 5);
        Assert.StartsWith("unknown: a is committed", Assert.Single(JobAudit.Ends(JobAudit.WithLateTries(new ToldCredits([rejected], [], []), [made, inTime]).Jobs, [made, inTime])), StringComparison.Ordinal);

        ToldJob released = denied with { Ends = [new JobEnd("released", 0, MayExceed: false)] };
        Assert.NotEmpty(JobAudit.Ends(JobAudit.WithLateTries(new ToldCredits([released], [], []), [made, expired, late]).Jobs, [made, expired, late]));
    }

    [Fact(DisplayName = "BAL-2, RES-1: the audit of credits sees used and held together go over the limit, and that an end by time, an end and a grant make room")]
    public void Limits()
    {
        Fact used = Spent(1, "u", Menu.CreditLimit - 5);
        Fact held = Reserved(2, "a", 5);
        Fact over = Reserved(9, "b", 1);
        ToldJob[] told = [Told("a", 5), Told("b", 1)];
        Assert.Empty(JobAudit.Limits(told, [used, held]));
        Assert.StartsWith("over-consumed: Reservation b", Assert.Single(JobAudit.Limits(told, [used, held, over])), StringComparison.Ordinal);
        Assert.StartsWith("over-consumed: Usage v", Assert.Single(JobAudit.Limits(told, [used, held, Spent(9, "v", 1)])), StringComparison.Ordinal);
        Assert.Empty(JobAudit.Limits(told, [used, held, over with { Account = "other" }]));
        Assert.Empty(JobAudit.Limits(told, [used, held, Ended(3, EntryKind.Release, 2, 0, 5), over]));
        Assert.Empty(JobAudit.Limits(told, [used, held, Ended(3, EntryKind.Commit, 2, 4, 5), over]));
        Assert.Empty(JobAudit.Limits(told, [used, held, Granted(3, "g", 1), over]));
        Assert.Single(JobAudit.Limits(told, [used, held, over, Granted(10, "g", 1)]));
        Fact after = over with { At = s_now.AddSeconds(10), Until = s_now.AddSeconds(20) };
        Assert.Empty(JobAudit.Limits(told, [used, held, after]));
        Assert.Single(JobAudit.Limits([told[0] with { Until = s_now.AddSeconds(11) }, told[1]], [used, held, after]));
    }

    [Fact(DisplayName = "RES-2, RES-3: the audit of credits lets only those go over the limit who asked for it, or came too late")]
    public void MayExceed()
    {
        Fact[] facts = [Spent(1, "u", Menu.CreditLimit - 5), Reserved(2, "a", 5), Ended(3, EntryKind.Commit, 2, 8, 5)];
        Assert.Single(JobAudit.Limits([Told("a", 5, new JobEnd("committed", 8, MayExceed: false))], facts));
        Assert.Empty(JobAudit.Limits([Told("a", 5, new JobEnd("committed", 8, MayExceed: true))], facts));
        Assert.Empty(JobAudit.Limits([Told("a", 5)], [.. facts[..2], Ended(3, EntryKind.Expiry, 2, 0, 5), Spent(4, "v", 5), Ended(5, EntryKind.Commit, 2, 8, 0) with { IsLate = true }]));
    }

    [Fact(DisplayName = "SLOT-1: the audit of slots sees a lease too many of an account and of the service, one that was cut short, and a fence that comes again")]
    public void Slots()
    {
        Fact[] full = [.. Enumerable.Range(1, Menu.Slots).Select(i => Reserved(i, $"s{i}", 1) with { Fence = i })];
        ToldJob[] told = [.. full.Select(fact => Told(fact.Id!, 1))];
        Fact one = Reserved(9, "more", 1) with { Fence = 9 };
        Assert.Empty(JobAudit.Slots(told, full));
        Assert.StartsWith("slot: acme has", Assert.Single(JobAudit.Slots(told, [.. full, one])), StringComparison.Ordinal);
        Assert.Empty(JobAudit.Slots(told, [.. full, Ended(8, EntryKind.Release, 1, 0, 1), one with { At = s_now.AddSeconds(1) }]));
        Assert.Empty(JobAudit.Slots(told, [.. full, one with { At = s_now.AddSeconds(10) }]));
        Assert.Single(JobAudit.Slots([told[0] with { Until = s_now.AddSeconds(11) }, told[1] with { Until = s_now.AddSeconds(11) }], [.. full, one with { At = s_now.AddSeconds(10) }]));
        Assert.Contains(
            JobAudit.Slots([told[0] with { Until = s_now.AddSeconds(11) }, told[1]], [.. full, Ended(8, EntryKind.Expiry, 1, 0, 1) with { At = s_now.AddSeconds(10) }]),
            violation => violation.StartsWith("slot: s1 was told", StringComparison.Ordinal));
        Assert.StartsWith("fence: s2", Assert.Single(JobAudit.Slots(told, [full[0], full[1] with { Fence = 1 }])), StringComparison.Ordinal);
        Fact[] many = [.. Enumerable.Range(1, Menu.AllSlots).Select(i => Reserved(i, $"s{i}", 1) with { Fence = 1, Account = $"account-{i}" })];
        Assert.Empty(JobAudit.Slots([], many));
        Assert.StartsWith("slot: the whole service has", Assert.Single(JobAudit.Slots([], [.. many, one])), StringComparison.Ordinal);
    }

    [Fact(DisplayName = "COR-1: the audit of reversals sees one that is missing, comes twice, is nobody's or returns another amount, and uses that are lost or too many")]
    public void Reversals()
    {
        Fact use = Spent(1, "u", 5);
        Fact back = new(2, EntryKind.Reversal, 1, null, "acme", s_now, -5, 0);
        ToldSpend told = new("u", "acme", 5, Allowed: true, Reversed: true);
        Assert.Empty(JobAudit.Reversals([told], [use, back]));
        Assert.Empty(JobAudit.Reversals([told with { Reversed = false }, told with { Id = "denied", Allowed = false, Reversed = false }], [use]));
        Assert.StartsWith("lost: u was taken back 0", Assert.Single(JobAudit.Reversals([told], [use])), StringComparison.Ordinal);
        Assert.StartsWith("duplicate: u was taken back 2", Assert.Single(JobAudit.Reversals([told], [use, back, back with { Number = 3 }])), StringComparison.Ordinal);
        Assert.StartsWith("unknown: u was taken back", Assert.Single(JobAudit.Reversals([told with { Reversed = false }], [use, back])), StringComparison.Ordinal);
        Assert.StartsWith("lost: u used 5 and got 4", Assert.Single(JobAudit.Reversals([told], [use, back with { Used = -4 }])), StringComparison.Ordinal);
        Assert.StartsWith("lost: u was acknowledged", Assert.Single(JobAudit.Reversals([told], [])), StringComparison.Ordinal);
        Assert.StartsWith("duplicate: u stands", Assert.Single(JobAudit.Reversals([told], [use, use with { Number = 3 }, back])), StringComparison.Ordinal);
        Assert.StartsWith("unknown: v stands", Assert.Single(JobAudit.Reversals([told], [use, back, Spent(3, "v", 1)])), StringComparison.Ordinal);
        Assert.StartsWith("unknown: u stands", Assert.Single(JobAudit.Reversals([told with { Allowed = false, Reversed = false }], [use])), StringComparison.Ordinal);
    }

    [Fact(DisplayName = "GRANT-1: the audit of grants sees one that is missing, given twice or given by nobody")]
    public void Grants()
    {
        ToldGrant told = new("g", "acme", 5);
        Fact given = Granted(1, "g", 5);
        Assert.Empty(JobAudit.Grants([told], [given]));
        Assert.StartsWith("lost: g", Assert.Single(JobAudit.Grants([told], [])), StringComparison.Ordinal);
        Assert.StartsWith("duplicate: g", Assert.Single(JobAudit.Grants([told], [given, given with { Number = 2 }])), StringComparison.Ordinal);
        Assert.StartsWith("unknown: h", Assert.Single(JobAudit.Grants([told], [given, Granted(2, "h", 5)])), StringComparison.Ordinal);
    }

    [Fact(DisplayName = "LOG-3: the audit of credits sees shown figures that are not those of the books")]
    public void Balances()
    {
        ToldCredits told = new(
            [Told("a", 5, new JobEnd("committed", 3, MayExceed: false)), Told("b", 9)],
            [new ToldSpend("u", "acme", 5, Allowed: true, Reversed: false), new ToldSpend("v", "acme", 6, Allowed: true, Reversed: true), new ToldSpend("w", "acme", 7, Allowed: false, Reversed: false)],
            [new ToldGrant("g", "acme", 20)]);
        Shown right = new(8, 0, Menu.CreditLimit + 20);
        Assert.Empty(JobAudit.Balances(told, Of(right)));
        Assert.StartsWith("lost: acme has used 7", Assert.Single(JobAudit.Balances(told, Of(right with { Used = 7 }))), StringComparison.Ordinal);
        Assert.StartsWith("duplicate: acme has used 14", Assert.Single(JobAudit.Balances(told, Of(right with { Used = 14 }))), StringComparison.Ordinal);
        Assert.StartsWith("held: acme holds 9", Assert.Single(JobAudit.Balances(told, Of(right with { Held = 9 }))), StringComparison.Ordinal);
        Assert.StartsWith("duplicate: acme has a limit", Assert.Single(JobAudit.Balances(told, Of(right with { Limit = right.Limit + 20 }))), StringComparison.Ordinal);
        Assert.StartsWith("lost: acme has a limit", Assert.Single(JobAudit.Balances(told, Of(right with { Limit = Menu.CreditLimit }))), StringComparison.Ordinal);
        static Dictionary<string, Shown> Of(Shown shown) => new() { ["acme"] = shown };
    }

    [Fact(DisplayName = "ID-5, RES-1: the books of jobs see a repeat that is answered otherwise or took effect again, and keep what callers were told")]
    public void Books()
    {
        Books books = new(1);
        JobBooks jobs = new(books);
        Job job = new("a", "acme", Menu.Hold, 5, 10, Wait: 0);
        string held = Answer(new { allowed = true, id = "a", replayed = false, state = "held", expiresAt = s_now });
        Assert.NotNull(jobs.TakeReserved(job, held));
        Assert.NotNull(jobs.TakeReserved(job, held.Replace("false", "true", StringComparison.Ordinal)));
        Assert.Empty(books.Violations);
        Assert.NotNull(jobs.TakeReserved(job, held));
        Assert.StartsWith("reserve a took effect twice", Assert.Single(books.Violations), StringComparison.Ordinal);
        jobs.TakeReserved(job, Answer(new { allowed = true, id = "a", replayed = true, state = "held", expiresAt = s_now.AddSeconds(1) }));
        Assert.Equal(2, books.Violations.Count);
        Assert.True(jobs.TakeExtended(job, 200, Answer(new { expiresAt = s_now.AddSeconds(20) })));
        Assert.False(jobs.TakeExtended(job, 409, Answer(new { code = "reservation_ended", state = "committed" })));
        Assert.True(jobs.TakeEnd(job, "commit 5", 5, mayExceed: false, 200, Answer(new { allowed = true, replayed = false, state = "committed" })));
        Assert.False(jobs.TakeEnd(job, "commit 8", 8, mayExceed: false, 200, Answer(new { allowed = false, reason = "exceeds_reservation" })));
        Assert.False(jobs.TakeEnd(job, "commit 7", 5, mayExceed: false, 409, Answer(new { code = "stale_fence", state = "committed" })));
        Assert.Equal(2, books.Violations.Count);
        Assert.False(jobs.TakeEnd(job, "commit 9", 9, mayExceed: false, 200, Answer(new { allowed = false, reason = "feature_not_in_plan" })));
        Assert.Equal(3, books.Violations.Count);
        ToldJob told = Assert.Single(jobs.Told.Jobs);
        Assert.Equal((true, false, s_now.AddSeconds(20)), (told.Reserved, told.InDoubt, told.Until));
        Assert.Equal([new JobEnd("committed", 5, MayExceed: false)], told.Ends);
        Assert.Equal(["committed"], told.Refusals);
    }

    [Fact(DisplayName = "SLOT-2: the books of jobs know that a denial after waiting is not kept, and that one without waiting is")]
    public void DeniedBooks()
    {
        Books books = new(1);
        JobBooks jobs = new(books);
        string denied = Answer(new { allowed = false, id = "a", replayed = false, reason = "no_slot", violations = new[] { new { reason = "no_slot" } } });
        Job waits = new("a", "acme", Menu.Run, 5, 10, Wait: 1);
        Assert.Null(jobs.TakeReserved(waits, denied));
        Assert.Null(jobs.TakeReserved(waits, denied));
        Assert.Empty(books.Violations);
        Assert.True(Assert.Single(jobs.Told.Jobs) is { Reserved: false, InDoubt: true });
        string both = Answer(new
        {
            allowed = false, id = "c", replayed = false, reason = "limit_exceeded",
            violations = new[] { new { reason = "limit_exceeded", requested = 5, remaining = 0 }, new { reason = "no_slot", requested = 1, remaining = 0 } },
        });
        Assert.Null(jobs.TakeReserved(waits with { Id = "c" }, both));
        Assert.Null(jobs.TakeReserved(waits with { Id = "c" }, both));
        Assert.Empty(books.Violations);
        Assert.Contains(jobs.Told.Jobs, told => told is { Job.Id: "c", InDoubt: true });
        Job asks = waits with { Id = "b", Wait = 0 };
        Assert.Null(jobs.TakeReserved(asks, denied));
        Assert.Null(jobs.TakeReserved(asks, denied));
        Assert.StartsWith("reserve b took effect twice", Assert.Single(books.Violations), StringComparison.Ordinal);
        Assert.Contains(jobs.Told.Jobs, told => told is { Job.Id: "b", Reserved: false, InDoubt: false });
        string limited = both.Replace("no_slot", "limit_exceeded", StringComparison.Ordinal);
        Assert.Null(jobs.TakeReserved(waits with { Id = "d" }, limited));
        Assert.Null(jobs.TakeReserved(waits with { Id = "d" }, limited));
        Assert.Equal(2, books.Violations.Count);
    }

    private static string Answer(object answer) => JsonSerializer.Serialize(answer);

    private static ToldJob Told(string id, int amount, params JobEnd[] ends) =>
        new(new Job(id, "acme", Menu.Hold, amount, 10, Wait: 0), Reserved: true, InDoubt: false, s_now.AddSeconds(10), ends, []);

    private static Fact Reserved(long number, string id, decimal amount) => new(number, EntryKind.Reservation, 0, id, "acme", s_now, 0, amount) { Until = s_now.AddSeconds(10) };

    private static Fact Ended(long number, EntryKind kind, long of, decimal used, decimal returned) => new(number, kind, of, null, "acme", s_now.AddSeconds(1), used, -returned);

    private static Fact Spent(long number, string id, decimal amount) => new(number, EntryKind.Usage, 0, id, "acme", s_now, amount, 0);

    private static Fact Granted(long number, string id, decimal amount) => new(number, EntryKind.Grant, 0, id, "acme", s_now, 0, 0) { Granted = amount };
}
