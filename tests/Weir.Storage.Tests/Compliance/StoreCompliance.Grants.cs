using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    [Fact(DisplayName = "GRANT-2: entries are found by the grants that they drew of, in the order of the ledger, after a number and up to a limit")]
    public async Task DrawsOfGrants()
    {
        await CreateAcmeAsync();
        EntryLine line = Sample.Entry().Lines[0];
        Entry Drawing(params Draw[] draws) => Sample.Entry() with { Lines = [line with { Draws = new Draws(draws) }] };
        IReadOnlyList<long> numbers = await RecordAsync(
            Sample.Row("a", Drawing(Draw.OfPlan(new Quantity(1), Quantity.Zero), new Draw(70, null, new Quantity(5), Quantity.Zero))),
            Sample.Row("b", Drawing(new Draw(71, Sample.Now, new Quantity(2), new Quantity(3)), new Draw(70, null, new Quantity(4), new Quantity(1)))),
            Sample.Row("c", Drawing(Draw.OfPlan(new Quantity(9), Quantity.Zero))),
            Sample.Row("d", Sample.Entry()),
            // Two lines of one entry count together.
            Sample.Row("e", Drawing(new Draw(70, null, new Quantity(-2), new Quantity(-1))) with
            {
                Kind = EntryKind.Reversal,
                Lines = [line with { Draws = new Draws([new Draw(70, null, new Quantity(-2), new Quantity(-1))]) }, line with { Key = Sample.Key(per: Per.Day, start: Sample.Now), Draws = new Draws([new Draw(70, null, new Quantity(-1), Quantity.Zero)]) }],
            }));
        Assert.Equal([numbers[0], numbers[1], numbers[4]], (await Ledger.ReadDrawsAsync(Own, 70, 0, 10, None)).Select(entry => entry.Sequence));
        Assert.Equal([numbers[1]], (await Ledger.ReadDrawsAsync(Own, 70, numbers[0], 1, None)).Select(entry => entry.Sequence));
        StoredEntry only = Assert.Single(await Ledger.ReadDrawsAsync(Own, 71, 0, 10, None));
        Assert.Equal(("b", new Draw(71, Sample.Now, new Quantity(2), new Quantity(3))), (only.Details.Id, only.Entry.Lines[0].Draws[0]));
        Assert.Empty(await Ledger.ReadDrawsAsync(Own, Draw.Plan, 0, 10, None));
        Assert.Equal((6, 2, 0), ((await Ledger.SumDrawsAsync(Own, 70, None)).Units, (await Ledger.SumDrawsAsync(Own, 71, None)).Units, (await Ledger.SumDrawsAsync(Own, 72, None)).Units));
    }

    [Fact(DisplayName = "GRANT-1: grants are stored with every member, changed, and taken out again")]
    public async Task GrantsOfStates()
    {
        await CreateAcmeAsync();
        AccountState state = Sample.FullState();
        await WriteAsync(new LedgerWrites { Accounts = [Sample.WriteOf(state)] });
        Assert.Equal(
            state.Grants.Values.OrderBy(grant => grant.Number).Select(grant => (Sample.AcmeId, grant)),
            await AllAsync(Ledger.ReadGrantsAsync(Own, None)));
        Grant changed = state.Grants[31] with { DrawnBefore = Quantity.Zero, EndedAt = null, Uses = [] };
        AccountState next = state with { Grants = state.Grants.Remove(32).SetItem(31, changed) };
        await WriteAsync(new LedgerWrites
        {
            Accounts = [new AccountWrite(next, [], []) { Key = Sample.Acme, Parts = [new StatePart(StatePartKind.Grant, 31), new StatePart(StatePartKind.Grant, 32)] }],
        });
        Assert.Equal([(Sample.AcmeId, changed)], await AllAsync(Ledger.ReadGrantsAsync(Own, None)));
        Assert.Equal([changed], (await Ledger.ReadStateAsync(Own, Sample.Acme, None))!.Grants.Values);
        Assert.Equal([changed], (await Store.Accounts.FindAsync(Own, Sample.Acme, None))!.State.Grants.Values);
    }
}
