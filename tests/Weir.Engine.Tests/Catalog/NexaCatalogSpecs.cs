using System.Collections.Immutable;

namespace Weir.Engine.Tests;

public sealed class NexaCatalogSpecs
{
    private static readonly Catalog s_nexa = CatalogFiles.Read("nexa");

    [Fact(DisplayName = "CAT-1: a charge is frozen as it is written")]
    public void Diagnose()
    {
        EventType diagnose = s_nexa.Events["structuring_diagnose"];
        Assert.Equal("ai_analysis", diagnose.Category);
        Assert.Equal("/api/structuring/diagnose", diagnose.Endpoint);
        ChargeRule credits = diagnose.Charges[0];
        Assert.Same(s_nexa.Meters["credits"], credits.Meter);
        Assert.Equal(10, credits.Base);
        Assert.Equal(new MultiplierRule("complexity", 1.0m, 2.5m), credits.Multiplier);
        Assert.Equal([new BonusRule("echo", 5), new BonusRule("traceback", 3)], credits.Bonuses);
        Assert.Equal(Rounding.Nearest, credits.Rounding);
        Assert.Equal(("ai_calls", 1m), (diagnose.Charges[1].Meter.Key, diagnose.Charges[1].Base));
        Assert.Equal(["complexity", "echo", "traceback"], diagnose.NamedProperties.Order(StringComparer.Ordinal));
    }

    [Fact(DisplayName = "NUM-1: limits are kept in the meter's smallest units")]
    public void Professional()
    {
        Plan plan = s_nexa.Plans["professional"];
        ImmutableArray<Allowance> allowances = plan.Allowances;
        Assert.Equal(
            [("credits", 500_000L), ("ai_calls", 2_000L), ("pdf_exports", 200L), ("sessions", 200L), ("team_members", 20L), ("storage", 5_000L * 1_048_576)],
            allowances.Select(allowance => (allowance.Meter.Key, allowance.Limit!.Value.Units)));
        Assert.Equal((LimitEnforcement.Soft, new Quantity(800_000), new UnitPrice(0.01m)), (allowances[0].Enforcement, allowances[0].Ceiling, allowances[0].OverageRate));
        Assert.Equal([Per.Month, Per.Month, Per.Month, Per.Month, Per.Lifetime, Per.Lifetime], allowances.Select(allowance => allowance.Per));
        Assert.Equal(new PlanPrice(49, 490), plan.Price);
        Assert.Equal([80m, 90m, 100m], plan.Alerts);
        Assert.True(plan.Features["custom_branding"].Value.Boolean);
    }

    [Fact(DisplayName = "Nexa has its plans with their credits and prices")]
    public void Plans()
    {
        Assert.Equal(
            [("free", "Free Plan", 100m, 0m), ("starter", "Starter Plan", 1_000m, 19m), ("professional", "Professional Plan", 5_000m, 49m), ("enterprise", "Enterprise Plan", 15_000m, 99m)],
            s_nexa.PlanOrder.Select(key => s_nexa.Plans[key])
                .Select(plan => (plan.Key, plan.Name, plan.Allowances[0].Limit!.Value.ToDecimal(2), plan.Price!.Monthly!.Value)));
        Assert.Same(s_nexa.Plans["free"], s_nexa.DefaultPlan);
    }

    [Fact(DisplayName = "Every AI event of Nexa is one AI call, and its data pushes are none")]
    public void Ai_calls()
    {
        string[] calls = [.. s_nexa.EventOrder.Where(key => s_nexa.Events[key].Charges.Any(charge => charge.Meter.Key == "ai_calls"))];
        Assert.Equal(s_nexa.EventOrder.Where(key => s_nexa.Events[key].Category!.StartsWith("ai_", StringComparison.Ordinal)), calls);
        Assert.Equal(10, calls.Length);
        Assert.Equal(18, s_nexa.EventOrder.Length);
    }

    [Fact(DisplayName = "NUM-4: the meter cost is built in, in the catalog's currency at scale 9")]
    public void Cost() =>
        Assert.Equal(
            ("cost", "USD", 9, MeterKind.Sum),
            (s_nexa.Meters["cost"].Key, s_nexa.Meters["cost"].Unit, s_nexa.Meters["cost"].Scale, s_nexa.Meters["cost"].Kind));
}
