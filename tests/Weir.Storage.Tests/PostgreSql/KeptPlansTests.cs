using Weir.PostgreSql;

namespace Weir.Storage.Tests;

public sealed class KeptPlansTests
{
    [Fact(DisplayName = "Each connection plans anew after twice as many uses each time, and at the latest after so many")]
    public void PlansAreMadeAnew()
    {
        KeptPlans plans = new(64);
        List<int> first = [.. Enumerable.Range(0, 300).Where(_ => plans.AreOld(1))];
        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 192, 256], first);
        Assert.Equal([1, 2, 4, 8], Enumerable.Range(0, 10).Where(_ => plans.AreOld(2)));
    }
}
