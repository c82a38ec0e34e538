namespace Weir.Engine.Tests;

public sealed class CatalogFileSpecs
{
    private static readonly string[] s_creativeMeters =
        ["content_generations", "image_generations", "video_generations", "chat_messages"];

    public static TheoryData<string> Names => [.. CatalogFiles.Names];

    [Theory(DisplayName = "CAT-1: each of the five catalogs is valid")]
    [MemberData(nameof(Names))]
    public void Valid(string name) => Assert.Equal(name, CatalogFiles.Read(name).Name);

    [Theory(DisplayName = "CAT-1: the same document in YAML and in JSON gives the same catalog")]
    [MemberData(nameof(Names))]
    public void Yaml_and_json(string name)
    {
        DocumentNode root = CatalogText.Parse(CatalogFiles.Text(name), CatalogFormat.Yaml).Root!;
        string expected = CatalogDump.Of(CatalogFiles.Read(name));
        foreach (CatalogFormat format in Enum.GetValues<CatalogFormat>())
        {
            string written = CatalogText.Write(root, format);
            CatalogResult read = CatalogText.Read(written, format);
            Assert.Equal("", SpecTable.Text(read));
            Assert.Equal(expected, CatalogDump.Of(read.Catalog!));

            // What was written once is written alike again.
            Assert.Equal(written, CatalogText.Write(CatalogText.Parse(written, format).Root!, format));
        }
    }

    [Fact(DisplayName = "Productions knows its 18 event types and one plan without a price")]
    public void Productions()
    {
        Catalog catalog = CatalogFiles.Read("productions");
        Assert.Equal(
            "STORAGE: asset_uploaded derivative_stored asset_deleted storage_reconciled · COMPUTE: render_requested render_started render_completed render_failed render_canceled · API: api_call asset_downloaded · PROJECTS: project_created project_status_changed task_created task_completed review_requested review_decided · FEATURES: feature_used",
            string.Join(
                " · ",
                catalog.EventOrder.GroupBy(key => catalog.Events[key].Category).Select(group => $"{group.Key}: {string.Join(' ', group)}")));
        Plan plan = Assert.Single(catalog.Plans.Values);
        Assert.Null(plan.Price);
        Assert.Equal("bytes", catalog.Events["storage_reconciled"].Charges[0].SetProperty);
        Assert.Equal("bytes", catalog.Events["asset_deleted"].Charges[0].ChangeProperty);
    }

    [Fact(DisplayName = "BAL-8: the demo of Creative AI observes; Free limits each service by the month")]
    public void Creative_ai()
    {
        Catalog catalog = CatalogFiles.Read("creative-ai");
        Plan demo = catalog.DefaultPlan;
        Assert.Equal(("Demo Plan - Unlimited Access", EnforcementMode.Observe), (demo.Name, demo.Enforcement));
        Assert.Empty(demo.Alerts);
        Assert.StartsWith("🎉 Demo Mode:", demo.Metadata.Entries[0].Value, StringComparison.Ordinal);
        Assert.Equal(
            s_creativeMeters.Select(meter => (meter, 999_999L, Per.Year)),
            demo.Allowances.Select(allowance => (allowance.Meter.Key, allowance.Limit!.Value.Units, allowance.Per)));
        Assert.Equal(
            s_creativeMeters.Zip([50L, 100L, 10L, 100L]),
            catalog.Plans["free"].Allowances.Select(allowance => (allowance.Meter.Key, allowance.Limit!.Value.Units)));
        Assert.Equal((EnforcementMode.Observe, null), (catalog.Enforcement, catalog.Plans["free"].Enforcement));
    }

    [Theory(DisplayName = "NUM-4: the prices of October 2025 are exact")]
    [InlineData("gpt-5", "input_tokens", "0.0000025")]
    [InlineData("gpt-5", "output_tokens", "0.00001")]
    [InlineData("gpt-4o", "input_tokens", "0.00000025")]
    [InlineData("gpt-4o", "output_tokens", "0.000001")]
    [InlineData("dall-e-3", "images_standard_1024x1024", "0.04")]
    [InlineData("dall-e-3", "images_hd_1024x1792", "0.12")]
    [InlineData("flux-pro", "images", "0.045")]
    [InlineData("flux-pro-1.1-ultra", "images", "0.06")]
    [InlineData("gen4_turbo", "seconds", "0.05")]
    [InlineData("ray-2", "seconds", "0.02")]
    public void Prices(string model, string unit, string price)
    {
        PriceOverride found = Assert.Single(CatalogFiles.Read("creative-ai").Prices, one => one.Model == model && one.Unit == unit);
        Assert.Equal(decimal.Parse(price), found.Price / found.Per);
        Assert.Equal("2025-10-01", found.From.ToString("yyyy-MM-dd", null));
        Assert.Equal("system", found.Source);
    }

    [Fact(DisplayName = "NUM-5: Diagrams is unlimited where its limit is null")]
    public void Diagrams()
    {
        Catalog catalog = CatalogFiles.Read("diagrams");
        Assert.Equal(["FREE", "PROFESSIONAL", "ENTERPRISE"], catalog.PlanOrder);
        Assert.Equal(
            [(5L, 3L, null), (100L, 100L, null), (null, null, (long?)null)],
            catalog.PlanOrder.Select(key => catalog.Plans[key].Allowances)
                .Select(limits => (limits[0].Limit?.Units, limits[1].Limit?.Units, limits[2].Limit?.Units)));
        Assert.Equal(
            ["DIAGRAM_UPLOAD", "AI_ANALYSIS", "PROCEDURE_VIEW", "EXPORT_PDF", "EXPORT_DXF", "API_CALL"], catalog.EventOrder.Take(6));
        Assert.Equal(["pdf_export"], catalog.Events["EXPORT_PDF"].Requires);
        Assert.Equal(
            [false, true, true], catalog.PlanOrder.Select(key => catalog.Plans[key].Features["pdf_export"].Value.Boolean));
        Assert.All(catalog.Plans["ENTERPRISE"].Features.Values, feature => Assert.True(feature.Value.Boolean));
        Assert.Empty(catalog.Plans["ENTERPRISE"].Requests);
        Assert.Contains("file_size", catalog.Events["DIAGRAM_UPLOAD"].NamedProperties.AsEnumerable());
    }

    [Fact(DisplayName = "RATE-1, SLOT-1: Transcription limits jobs and calls, of each plan and of the whole service")]
    public void Transcription()
    {
        Catalog catalog = CatalogFiles.Read("transcription");
        Assert.Equal(
            [("free", 3_000L, 25 * 1_048_576m, 1), ("starter", 15_000L, 100 * 1_048_576m, 2), ("pro", 50_000L, 500 * 1_048_576m, 5), ("enterprise", 200_000L, 1_073_741_824m, 10)],
            catalog.PlanOrder.Select(key => catalog.Plans[key])
                .Select(plan => (plan.Key, plan.Allowances[0].Limit!.Value.Units, plan.Requests[0].Max, plan.Slots["transcription"])));
        RateLimit rate = catalog.Plans["free"].Rates["api"];
        Assert.Equal((new Quantity(100), NodaTime.Duration.FromHours(1), ScopeKind.User), (rate.Limit, rate.Window, rate.Scope));
        Allowance cost = Assert.Single(catalog.Workspace.Allowances);
        Assert.Equal(
            (Meter.CostKey, ScopeKind.Workspace, Per.CalendarDay, new Quantity(50_000_000_000)), (cost.Meter.Key, cost.Scope, cost.Per, cost.Limit));
        Assert.Equal(5, catalog.Workspace.Slots["transcription"]);
        EventType job = catalog.Events["transcription"];
        Assert.Equal(("transcription", "api", LateCommit.Record), (job.Slot, Assert.Single(job.Rates), job.LateCommit));
        Assert.Equal(new PerUnitRule("duration_seconds", 60, 1), Assert.Single(job.Charges[0].PerUnits));
        Assert.Equal(0.0001m, catalog.Prices[0].Price / catalog.Prices[0].Per);
    }
}
