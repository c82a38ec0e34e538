using System.Collections.Immutable;

using FsCheck;
using FsCheck.Fluent;

using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>Laws over generated sequences of commands on two accounts that share a workspace.</summary>
public sealed class AdmissionLaws
{
    private const int Cases = 400;
    private const int Steps = 60;

    private static Gen<Step[]> Sequences { get; } =
        (from kind in Gen.Frequency(
            (6, Gen.Constant(StepKind.Enforce)), (3, Gen.Constant(StepKind.BestEffort)), (2, Gen.Constant(StepKind.Record)),
            (1, Gen.Constant(StepKind.Reverse)), (1, Gen.Constant(StepKind.Complete)), (1, Gen.Constant(StepKind.Adjust)), (1, Gen.Constant(StepKind.Plan)))
         from account in Gen.Choose(0, 1)
         from type in Gen.Elements("use", "call", "both", "store", "put")
         from amount in Gen.OneOf(Gen.Choose(0, 40), Gen.Choose(-30, 3_000))
         from user in Gen.Choose(0, 2)
         from minutes in Gen.Frequency((8, Gen.Choose(0, 30)), (2, Gen.Choose(0, 3_000)), (1, Gen.Constant(44_640)))
         select new Step(kind, account, type, amount, user, minutes)).ArrayOf(Steps);

    [Fact(DisplayName = "BAL-2: enforce and best_effort never bring a balance beyond its hard limit or its ceiling")]
    public void NeverBeyond() => Law.Holds(
        Sequences,
        static steps => new AdmissionWorkload().Run(steps, static (_, step, decision) =>
        {
            if (step.Kind is StepKind.Enforce or StepKind.BestEffort && decision.Entry is { } entry)
            {
                foreach (EntryLine line in entry.Lines.Where(line => line.Delta > Quantity.Zero))
                {
                    Quantity? wall = line.Enforcement == LimitEnforcement.Hard ? line.Limit : AdmissionWorkload.Ceiling;
                    Assert.True(wall is null || line.Used + line.Held <= wall);
                }
            }
        }),
        Cases);

    [Fact(DisplayName = "LOG-3: balances are the sums of the lines of all entries; a refusal changes nothing")]
    public void SumsOfLines()
    {
        Law.Holds(
            Sequences,
            static steps =>
            {
                StoryBooks books = new();
                new AdmissionWorkload().Run(steps, (before, step, decision) => books.Follow(before.Account, before.Workspace, decision, before.Now));
            },
            Cases);
    }

    [Fact(DisplayName = "BAL-2, BAL-5: allowed or cut exactly as a plain model of limits says")]
    public void AsModelled() => Law.Holds(
        Sequences,
        static steps =>
        {
            LimitModel model = new();
            new AdmissionWorkload().Run(steps, (before, step, decision) => model.Follow(before, step, decision));
        },
        Cases,
        variation: 1);

    [Fact(DisplayName = "COR-1: an event and at once its reversal leave every balance as it was")]
    public void ThereAndBack() => Law.Holds(
        Sequences,
        static steps => new AdmissionWorkload().Run(steps, static (before, step, decision) =>
        {
            if (decision.Entry is not { Kind: EntryKind.Usage } entry)
            {
                return;
            }

            Decision back = Corrections.Decide(decision.Account, decision.Workspace, before.Book, new Reverse(entry, 1, [], before.Now + Clock.Microsecond, null, null));
            Assert.NotNull(back.Entry);
            Assert.False(back.Entry.Flags.HasFlag(EntryFlags.Clamped));
            AssertSameUsage(before.Account, back.Account);
            AssertSameUsage(before.Workspace, back.Workspace);
            Assert.Equal(back.Entry.Charges.Select(c => (c.Meter, -c.Amount)), entry.Charges.Where(c => !c.Amount.IsZero).Select(c => (c.Meter, c.Amount)));
        }),
        Cases);

    [Fact(DisplayName = "TX-4: the same state and command give the same decision, from whatever store the state was read")]
    public void Deterministic() => Law.Holds(
        Sequences,
        static steps => new AdmissionWorkload().Run(steps, static (before, step, decision) =>
        {
            Decision again = before.Decide(Reread(before.Account), Reread(before.Workspace))!;
            Assert.Equal(decision.Refusal, again.Refusal);
            Assert.Equal(decision.Violations, again.Violations);
            Assert.Equal(decision.Advice, again.Advice);
            Assert.Equal(decision.Failure, again.Failure);
            Assert.Equal(decision.Entry?.Lines.ToArray(), again.Entry?.Lines.ToArray());
            Assert.Equal(decision.Entry?.Flags, again.Entry?.Flags);
            Assert.Equal(decision.Entry?.Charges.Select(c => c.Amount), again.Entry?.Charges.Select(c => c.Amount));
            AssertSameUsage(decision.Account, again.Account);
            AssertSameUsage(decision.Workspace, again.Workspace);
        }),
        Cases);

    [Fact(DisplayName = "BAL-11: under the plan that is advised the request is allowed")]
    public void AdviceIsTrue() => Law.Holds(
        Sequences,
        static steps => new AdmissionWorkload().Run(steps, static (before, step, decision) =>
        {
            if (decision.Advice is { } advice)
            {
                AccountState moved = before.Account with { Account = before.Account.Account with { Plan = advice.Plan } };
                Assert.NotNull(before.Decide(moved, before.Workspace)!.Entry);
            }
            else if (decision.Refusal.IsDenial())
            {
                foreach (string plan in before.Book.Active.PlanOrder)
                {
                    AccountState moved = before.Account with { Account = before.Account.Account with { Plan = plan } };
                    Assert.Null(before.Decide(moved, before.Workspace)!.Entry);
                }
            }
        }),
        Cases,
        variation: 2);

    /// <summary>The state as a store gives it back: other objects, in another order.</summary>
    private static AccountState Reread(AccountState state) => new(
        state.Account with { },
        StateMap<BalanceKey, Balance>.Of(state.Balances.Values.Reverse().Select(b => KeyValuePair.Create(b.Key, b with { }))),
        StateMap<RateKey, RateWindow>.Of(state.Rates.Reverse().Select(r => KeyValuePair.Create(r.Key, r.Value with { Counts = [.. r.Value.Counts] }))));

    private static void AssertSameUsage(AccountState expected, AccountState actual) =>
        Assert.Equal(
            expected.Balances.Where(b => !b.Value.Used.IsZero).Select(b => (b.Key, b.Value.Used)).ToHashSet(),
            actual.Balances.Where(b => !b.Value.Used.IsZero).Select(b => (b.Key, b.Value.Used)).ToHashSet());
}

internal enum StepKind
{
    Enforce,
    BestEffort,
    Record,
    Reverse,
    Complete,
    Adjust,
    Plan,
}

/// <param name="Minutes">How long after the step before it.</param>
internal sealed record Step(StepKind Kind, int Account, string Type, int Amount, int User, int Minutes);

/// <summary>Where a step stood, so that it can be decided again.</summary>
internal sealed record Situation(CatalogBook Book, AccountState Account, AccountState Workspace, Instant Now, Func<AccountState, AccountState, Decision?> Decide);
