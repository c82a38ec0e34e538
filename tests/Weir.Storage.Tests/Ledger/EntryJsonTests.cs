using System.Text;

using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public class EntryJsonTests
{
    [Fact(DisplayName = "LOG-1: the body of an entry is read back exactly, whatever it holds")]
    public void RoundTrip()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            Entry entry = new GeneratedEntries(seed).Next();

            Entry read = EntryJson.Read(EntryJson.Write(entry), Columns(entry));

            Same.Entry(entry, read);
        }
    }

    [Fact]
    public void An_ordinary_consume_is_small()
    {
        Instant start = Instant.FromUtc(2026, 11, 21, 0, 0);
        Entry entry = new()
        {
            Kind = EntryKind.Usage,
            Account = 1,
            At = start,
            RecordedAt = start,
            CatalogVersion = 1,
            Plan = "free",
            Charges = [new Charge("credits", 2, MeterKind.Sum, new Quantity(2500), new ChargeTrace { Base = 10m, Multiplier = 2.0m, Bonuses = [new BonusTrace("echo", 5)] })],
            Lines = [new EntryLine(new BalanceKey(ScopeKind.Account, 0, "credits", Per.Month, start), start + Duration.FromDays(30), 2, new Quantity(2500), new Quantity(2500), Quantity.Zero, new Quantity(10_000), LimitEnforcement.Hard, null)],
        };

        Assert.Equal(
            """{"c":[{"m":"credits","s":2,"n":2500,"t":{"b":10,"x":2.0,"f":["echo",5]}}],"l":[{"m":"credits","p":4,"b":1795219200000000,"e":1797811200000000,"s":2,"d":2500,"u":2500,"l":10000}]}""",
            Encoding.UTF8.GetString(EntryJson.Write(entry)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"c\":[{\"m\":1}]}")]
    [InlineData("{\"z\":1}")]
    [InlineData("{\"c\":[")]
    public void A_damaged_body_is_named_as_such(string body)
    {
        Entry columns = Columns(new GeneratedEntries(1).Next());

        Assert.Throws<InvalidDataException>(() => EntryJson.Read(Encoding.UTF8.GetBytes(body), columns));
    }

    internal static Entry Columns(Entry entry) => new()
    {
        Kind = entry.Kind,
        Account = entry.Account,
        Scopes = entry.Scopes,
        Type = entry.Type,
        At = entry.At,
        RecordedAt = entry.RecordedAt,
        CatalogVersion = entry.CatalogVersion,
        Plan = entry.Plan,
        Flags = entry.Flags,
        Target = entry.Target,
        Reason = entry.Reason,
        Actor = entry.Actor,
    };
}
