using System.Text.Json;

using Microsoft.Extensions.DependencyInjection;

using NodaTime;

using Weir.Engine;

namespace Weir.Server.Tests.Samples;

/// <summary>What Nexa's users do, end to end.</summary>
public sealed class NexaStory
{
    private const string Text =
        "The checkout fails every Friday because the payment service restarts. Customers complain and we lose revenue. We should add a retry queue. It might delay reports by 10 minutes.";

    /// <summary>A text whose complexity is exactly 2.0: 402 words in short sentences.</summary>
    private static readonly string s_text20 = string.Concat(Enumerable.Repeat("We ran it. ", 134));

    private static object Track(string type, object data, string organization = "acme") => new { organizationId = organization, eventType = type, eventData = data };

    private static object Change(string type, string action, object? data = null) => new { type, action, data = data ?? new { } };

    private static decimal Credits(JsonElement body) => body.GetProperty("usage").GetProperty("creditsConsumed").GetDecimal();

    private static decimal? Left(JsonElement body) => body.GetProperty("usage").GetProperty("remainingCredits") is { ValueKind: JsonValueKind.Number } left ? left.GetDecimal() : null;

    private static string[] Pointers(JsonElement problem) => [.. problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("pointer").GetString()!)];

    [Fact(DisplayName = "Diagnose with complexity 2.0 and Echo is 25 credits, and every applied part is recorded")]
    public async Task Diagnose()
    {
        await using NexaApp nexa = await NexaApp.StartAsync();
        (int status, JsonElement tool) = await nexa.PostAsync("/api/structuring/diagnose", new { text = s_text20, echo = true });
        Assert.Equal((200, true, 25m, 75m), (status, tool.GetProperty("success").GetBoolean(), Credits(tool), Left(tool)));
        Assert.StartsWith("You describe", tool.GetProperty("result").GetProperty("echo").GetString(), StringComparison.Ordinal);

        (_, JsonElement tracked) = await nexa.PostAsync("/api/demo/track-usage", Track("structuring_diagnose", new { complexity = 2.0, echo = true }));
        Assert.Equal((25m, 50m), (Credits(tracked), Left(tracked)));
        JsonElement trace = tracked.GetProperty("usage").GetProperty("trace");
        Assert.Equal((10m, 2m, 5m), (trace.GetProperty("base").GetDecimal(), trace.GetProperty("multiplier").GetDecimal(), trace.GetProperty("bonuses").GetProperty("echo").GetDecimal()));

        await nexa.SettledAsync();
        IReadOnlyList<LedgerRecord> log = await nexa.Services.GetRequiredService<IWeirStore>().Ledger.ReadAsync(nexa.Workspace, new LedgerFilter { Ascending = true }, CancellationToken.None);
        Assert.All(log, record => Assert.Equal((2m, 5m), (record.Entry.Charges[0].Trace.Multiplier!.Value, record.Entry.Charges[0].Trace.Bonuses[0].Amount)));
        Assert.Equal(("max", "/api/structuring/diagnose", "api", "200"), (log[0].Details.User, log[0].Details.Endpoint, log[0].Details.Source, log[0].Completion!.Details.Status));
    }

    [Fact(DisplayName = "Complexity is clamped per event, and an input text stands for its complexity and is not kept")]
    public async Task Clamped()
    {
        await using NexaApp nexa = await NexaApp.StartAsync();
        (_, JsonElement high) = await nexa.PostAsync("/api/demo/track-usage", Track("solutioning_formatting", new { complexity = 3.0 }));
        Assert.Equal(7.5m, Credits(high));
        Assert.Equal(3m, high.GetProperty("usage").GetProperty("trace").GetProperty("multiplierGiven").GetDecimal());
        (_, JsonElement text) = await nexa.PostAsync("/api/demo/track-usage", Track("visuals_sketch", new { inputText = s_text20 }));
        Assert.Equal(24m, Credits(text));
        IReadOnlyList<LedgerRecord> log = await nexa.Services.GetRequiredService<IWeirStore>().Ledger.ReadAsync(nexa.Workspace, new LedgerFilter { Type = "visuals_sketch" }, CancellationToken.None);
        Assert.Empty(log[0].Details.FreeProperties.Entries);
    }

    [Fact(DisplayName = "Every tool answers with a result of its own and its usage")]
    public async Task Tools()
    {
        await using NexaApp nexa = await NexaApp.StartAsync();
        await nexa.SubscribeAsync("acme", "enterprise");
        byte[] gif = [(byte)'G', (byte)'I', (byte)'F', (byte)'8', (byte)'9', (byte)'a', 64, 1, 240, 0, 0, 0, 0];
        HashSet<string> results = [];
        foreach (global::Nexa.Tool tool in global::Nexa.ToolEndpoints.All)
        {
            object request = tool.NeedsImage ? new { text = Text, image = Convert.ToBase64String(gif) } : new { text = Text };
            (int status, JsonElement body) = await nexa.PostAsync("/api" + tool.Route, request);
            Assert.Equal(200, status);
            Assert.True(results.Add(body.GetProperty("result").GetRawText()));
            Assert.True(Credits(body) > 0);
        }

        Assert.Equal(14, results.Count);
        (_, JsonElement image) = await nexa.PostAsync("/api/solutioning/image-analysis", new { image = Convert.ToBase64String(gif) });
        Assert.Equal((320, 240, "gif"), (
            image.GetProperty("result").GetProperty("image").GetProperty("width").GetInt32(), image.GetProperty("result").GetProperty("image").GetProperty("height").GetInt32(),
            image.GetProperty("result").GetProperty("image").GetProperty("format").GetString()));
        (_, JsonElement diagnosis) = await nexa.PostAsync("/api/structuring/diagnose", new { text = Text, traceback = true });
        Assert.Equal("the payment service restarts", Assert.Single(diagnosis.GetProperty("result").GetProperty("traceback").EnumerateArray()).GetProperty("cause").GetString());
        (_, JsonElement enhanced) = await nexa.PostAsync("/api/solutioning/ai-enhance", new { text = "It is really very slow. The the queue is full." });
        Assert.Equal("It is slow. The queue is full.", enhanced.GetProperty("result").GetProperty("text").GetString());
        (_, JsonElement effort) = await nexa.PostAsync("/api/push/sow-to-loe", new { text = "We should add a retry queue. We must migrate the database, which might take long." });
        Assert.Equal(28m, effort.GetProperty("result").GetProperty("totalHours").GetDecimal());
    }

    [Fact(DisplayName = "A call that cannot be worked on is refused before it is charged")]
    public async Task BadInput()
    {
        await using NexaApp nexa = await NexaApp.StartAsync();
        (int empty, JsonElement problem) = await nexa.PostAsync("/api/structuring/diagnose", new { text = " " });
        Assert.Equal((400, "/text"), (empty, Pointers(problem).Single()));
        (int unknown, problem) = await nexa.PostAsync("/api/structuring/diagnose", new { text = Text, complexity = 1 });
        Assert.Equal((400, "/complexity"), (unknown, Pointers(problem).Single()));
        (int noImage, problem) = await nexa.PostAsync("/api/solutioning/image-analysis", new { text = Text, image = "AAAA" });
        Assert.Equal((400, "/image"), (noImage, Pointers(problem).Single()));
        (int badData, problem) = await nexa.PostAsync("/api/demo/track-usage", Track("structuring_diagnose", new { complexity = "two" }));
        Assert.Equal((400, "property_type"), (badData, problem.GetProperty("code").GetString()));
        Assert.Equal(404, (await nexa.GetAsync("/api/organizations/acme/usage/current")).Status);

        (int wrongType, problem) = await nexa.PostAsync("/api/documents/pdf", new { title = 5, text = Text });
        Assert.Equal((400, "/title"), (wrongType, Pointers(problem).Single()));
    }

    [Fact(DisplayName = "CAT-1: a change acts on the next call, an invalid one leaves the old, rollback brings it back, and a restart keeps what was changed")]
    public async Task Configuration()
    {
        await using NexaApp nexa = await NexaApp.StartAsync();
        await nexa.SubscribeAsync("acme", "enterprise");
        async Task<decimal> DiagnoseAsync() => Credits((await nexa.PostAsync("/api/structuring/diagnose", new { text = s_text20, echo = true })).Body);
        Assert.Equal(25m, await DiagnoseAsync());

        (int status, JsonElement changed) = await nexa.PostAsync("/api/admin/config", Change("event", "update", new
        {
            eventType = "structuring_diagnose",
            config = new { baseCredits = 20, description = "Diagnosis", category = "ai_analysis", endpoint = "/api/structuring/diagnose", multipliers = new { complexity = new { min = 1, max = 1.5 }, features = new { echo = 7 } } },
        }), NexaApp.Admin);
        Assert.Equal((200, 2), (status, changed.GetProperty("version").GetInt32()));
        Assert.Equal(37m, await DiagnoseAsync());

        (status, JsonElement problem) = await nexa.PostAsync("/api/admin/config", Change("event", "update", new
        {
            eventType = "structuring_diagnose", config = new { baseCredits = 1, multipliers = new { complexity = new { min = 3, max = 2 } } },
        }), NexaApp.Admin);
        Assert.Equal((400, "/data/config/multipliers/complexity/max"), (status, Pointers(problem).Single()));
        (status, problem) = await nexa.PostAsync("/api/admin/config", Change("event", "update", new
        {
            eventType = "structuring_diagnose", config = new { baseCredits = -1, colour = "red", category = 7 },
        }), NexaApp.Admin);
        Assert.Equal(400, status);
        Assert.Equal(["/data/config/colour", "/data/config/category", "/data/config/baseCredits"], Pointers(problem));
        Assert.Equal(37m, await DiagnoseAsync());

        await nexa.RestartAsync();
        Assert.Equal(37m, await DiagnoseAsync());

        Assert.Equal(200, (await nexa.PostAsync("/api/admin/config", Change("config", "rollback", new { version = 1 }), NexaApp.Admin)).Status);
        Assert.Equal(25m, await DiagnoseAsync());
        (status, problem) = await nexa.PostAsync("/api/admin/config", Change("config", "rollback", new { version = 99 }), NexaApp.Admin);
        Assert.Equal((400, "/data/version"), (status, Pointers(problem).Single()));
    }

    [Fact(DisplayName = "Events are made and deleted; what stands or is missing is named; what only a part says leaves the rest")]
    public async Task Events()
    {
        await using NexaApp nexa = await NexaApp.StartAsync();
        object compare = new { eventType = "structuring_compare", config = new { baseCredits = 5, description = "Comparison", category = "ai_analysis", endpoint = "/api/structuring/compare" } };
        Assert.Equal(200, (await nexa.PostAsync("/api/admin/config", Change("event", "create", compare), NexaApp.Admin)).Status);
        Assert.Equal(5m, Credits((await nexa.PostAsync("/api/demo/track-usage", Track("structuring_compare", new { complexity = 2 }))).Body));
        (int status, JsonElement problem) = await nexa.PostAsync("/api/admin/config", Change("event", "create", compare), NexaApp.Admin);
        Assert.Equal((400, "/data/eventType"), (status, Pointers(problem).Single()));
        Assert.Equal(200, (await nexa.PostAsync("/api/admin/config", Change("event", "delete", new { eventType = "structuring_compare" }), NexaApp.Admin)).Status);
        Assert.Equal(422, (await nexa.PostAsync("/api/demo/track-usage", Track("structuring_compare", new { }))).Status);

        await nexa.PostAsync("/api/admin/config", Change("event", "update", new { eventType = "push_sow_to_loe", config = new { baseCredits = 4.5 } }), NexaApp.Admin);
        Assert.Equal(4.5m, Credits((await nexa.PostAsync("/api/push/sow-to-loe", new { text = Text })).Body));
        await nexa.PostAsync("/api/admin/config", Change("event", "update", new { eventType = "structuring_diagnose", config = new { baseCredits = 1 } }), NexaApp.Admin);
        (_, JsonElement config) = await nexa.GetAsync("/api/admin/config", NexaApp.Admin);
        JsonElement diagnose = config.GetProperty("events").GetProperty("structuring_diagnose");
        Assert.Equal((1m, 2.5m, 3m, "Problem analysis in Structuring"), (
            diagnose.GetProperty("baseCredits").GetDecimal(), diagnose.GetProperty("multipliers").GetProperty("complexity").GetProperty("max").GetDecimal(),
            diagnose.GetProperty("multipliers").GetProperty("features").GetProperty("traceback").GetDecimal(), diagnose.GetProperty("description").GetString()));
    }

    [Fact(DisplayName = "Plans are changed in the same way: limits, price, features, overage; one in use is not deleted")]
    public async Task Plans()
    {
        await using NexaApp nexa = await NexaApp.StartAsync();
        await nexa.SubscribeAsync("acme", "professional");
        (_, JsonElement config) = await nexa.GetAsync("/api/admin/config", NexaApp.Admin);
        JsonElement plan = config.GetProperty("plans").GetProperty("professional");
        Assert.Equal(
            (5000m, 49m, 490m, 2000m, 200m, 200m, 20m, 5000m, 0.01m),
            (plan.GetProperty("monthlyCredits").GetDecimal(), plan.GetProperty("pricing").GetProperty("monthly").GetDecimal(), plan.GetProperty("pricing").GetProperty("annual").GetDecimal(),
             Limit(plan, "aiCallsPerMonth"), Limit(plan, "pdfExportsPerMonth"), Limit(plan, "sessionLimit"), Limit(plan, "teamMembersLimit"), Limit(plan, "storageLimit"),
             plan.GetProperty("overageRate").GetDecimal()));
        Assert.Equal(["Advanced AI", "Priority support", "Custom branding"], plan.GetProperty("features").EnumerateArray().Select(feature => feature.GetString()));

        (int status, _) = await nexa.PostAsync("/api/admin/config", Change("plan", "update", new
        {
            planType = "professional",
            config = new { displayName = "Pro", monthlyCredits = 30, pricing = new { monthly = 59 }, limits = new { teamMembersLimit = (int?)null, storageLimit = 1 }, features = new[] { "Advanced AI" }, overageRate = 0 },
        }), NexaApp.Admin);
        Assert.Equal(200, status);
        (_, JsonElement used) = await nexa.PostAsync("/api/demo/track-usage", Track("solutioning_hyper_canvas", new { }));
        Assert.Equal(10m, Left(used));
        Assert.Equal(429, (await nexa.PostAsync("/api/demo/track-usage", Track("solutioning_hyper_canvas", new { }))).Status);
        Assert.Equal(429, (await nexa.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/api/assets") { Content = new ByteArrayContent(new byte[1_048_577]) }, NexaApp.Member)).Status);
        Assert.Equal(200, (await nexa.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/api/assets") { Content = new ByteArrayContent(new byte[1_048_576]) }, NexaApp.Member)).Status);

        (status, JsonElement problem) = await nexa.PostAsync("/api/admin/config", Change("plan", "delete", new { planType = "professional" }), NexaApp.Admin);
        Assert.Equal(400, status);
        Assert.Contains("in use", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(200, (await nexa.PostAsync("/api/admin/config", Change("plan", "delete", new { planType = "enterprise" }), NexaApp.Admin)).Status);

        static decimal Limit(JsonElement plan, string name) => plan.GetProperty("limits").GetProperty(name).GetDecimal();
    }

    [Fact(DisplayName = "The cache says what it holds, and refresh-all reads everything anew")]
    public async Task Cache()
    {
        await using NexaApp nexa = await NexaApp.StartAsync();
        (_, JsonElement before) = await nexa.GetAsync("/api/admin/config", NexaApp.Admin);
        Assert.Equal(1, before.GetProperty("cache").GetProperty("versions").GetInt32());
        (_, JsonElement after) = await nexa.PostAsync("/api/admin/config", Change("cache", "refresh-all"), NexaApp.Admin);
        Assert.Equal(before.GetProperty("cache").GetProperty("misses").GetInt64() + 1, after.GetProperty("cache").GetProperty("misses").GetInt64());
        Assert.Equal(400, (await nexa.PostAsync("/api/admin/config", Change("cache", "explode"), NexaApp.Admin)).Status);
    }

    [Fact(DisplayName = "BAL-2, BAL-11: a Free account is refused exactly when its 100 credits do not suffice, and told of Starter")]
    public async Task FreeEnds()
    {
        await using NexaApp nexa = await NexaApp.StartAsync();
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(200, (await nexa.PostAsync("/api/demo/track-usage", Track("structuring_diagnose", new { complexity = 2.0, echo = true }))).Status);
        }

        // 25 are left: 28 do not fit, 25 do.
        (int status, JsonElement refused) = await nexa.PostAsync("/api/structuring/diagnose", new { text = s_text20, echo = true, traceback = true });
        Assert.Equal((429, "limit_exceeded"), (status, refused.GetProperty("code").GetString()));
        JsonElement violation = Assert.Single(refused.GetProperty("violations").EnumerateArray());
        Assert.Equal((28m, 25m, 75m), (violation.GetProperty("requested").GetDecimal(), violation.GetProperty("remaining").GetDecimal(), violation.GetProperty("used").GetDecimal()));
        Assert.Equal(("starter", 1000m), (refused.GetProperty("advice").GetProperty("plan").GetString(), refused.GetProperty("advice").GetProperty("limit").GetDecimal()));
        (status, JsonElement last) = await nexa.PostAsync("/api/structuring/diagnose", new { text = s_text20, echo = true });
        Assert.Equal((200, 0m), (status, Left(last)));
        (status, refused) = await nexa.PostAsync("/api/demo/track-usage", Track("push_sow_to_loe", new { }));
        Assert.Equal((429, "Starter Plan allows 1000 credits per month."), (status, refused.GetProperty("upgrade").GetString()));

        await nexa.SubscribeAsync("acme", "starter");
        (status, JsonElement more) = await nexa.PostAsync("/api/demo/track-usage", Track("push_sow_to_loe", new { }));
        Assert.Equal((200, 897m), (status, Left(more)));
    }

    [Fact(DisplayName = "Current usage: balances, warnings near the limit, and the plan to move to from real usage")]
    public async Task Current()
    {
        await using NexaApp nexa = await NexaApp.StartAsync();
        await nexa.PostAsync("/api/demo/track-usage", Track("structuring_generate_solution", new { complexity = 3.0 }));
        (_, JsonElement calm) = await nexa.GetAsync("/api/organizations/acme/usage/current");
        Assert.Equal((45m, 100m, 55m, 45m), Figures(calm.GetProperty("credits")));
        Assert.Empty(calm.GetProperty("warnings").EnumerateArray());
        Assert.Equal(JsonValueKind.Null, calm.GetProperty("advice").ValueKind);

        await nexa.PostAsync("/api/demo/track-usage", Track("structuring_generate_solution", new { complexity = 3.0 }));
        (_, JsonElement near) = await nexa.GetAsync("/api/organizations/acme/usage/current");
        JsonElement warning = Assert.Single(near.GetProperty("warnings").EnumerateArray());
        Assert.Equal(("credits", 90m, 90m), (warning.GetProperty("meter").GetString(), warning.GetProperty("threshold").GetDecimal(), warning.GetProperty("percent").GetDecimal()));
        Assert.Equal(("starter", 19m), (near.GetProperty("advice").GetProperty("plan").GetString(), near.GetProperty("advice").GetProperty("monthlyPrice").GetDecimal()));

        static (decimal, decimal, decimal, decimal) Figures(JsonElement credits) => (
            credits.GetProperty("used").GetDecimal(), credits.GetProperty("limit").GetDecimal(), credits.GetProperty("remaining").GetDecimal(), credits.GetProperty("percent").GetDecimal());
    }

    [Fact(DisplayName = "LOG-2: monthly trend and history, breakdown per user and per event")]
    public async Task Insight()
    {
        await using NexaApp nexa = await NexaApp.StartAsync();
        await nexa.SubscribeAsync("acme", "professional");
        await UseAsync(2, 1);
        nexa.Clock.Now = Instant.FromUtc(2026, 10, 12, 8, 0);
        await UseAsync(4, 2);
        nexa.Clock.Now = Instant.FromUtc(2026, 11, 12, 8, 0);
        await UseAsync(3, 3);

        (_, JsonElement trend) = await nexa.GetAsync("/api/organizations/acme/usage/trend?months=3");
        Assert.Equal(
            [("2026-09", 32m, (decimal?)null, false), ("2026-10", 64m, 100m, false), ("2026-11", 66m, 3.13m, true)],
            trend.GetProperty("months").EnumerateArray().Select(month => (
                month.GetProperty("month").GetString()!, month.GetProperty("credits").GetDecimal(),
                month.GetProperty("changePercent") is { ValueKind: JsonValueKind.Number } change ? change.GetDecimal() : (decimal?)null, month.GetProperty("isCurrent").GetBoolean())));
        (_, JsonElement history) = await nexa.GetAsync("/api/organizations/acme/usage/history?periods=3");
        Assert.Equal([66m, 64m, 32m], history.GetProperty("periods").EnumerateArray().Select(period => period.GetProperty("used").GetDecimal()));

        (_, JsonElement users) = await nexa.GetAsync("/api/organizations/acme/usage/breakdown?by=user&from=2026-09-01T00:00:00Z");
        Assert.Equal([("max", 9L, 90m), ("ada", 6L, 72m)], Parts(users));
        (_, JsonElement events) = await nexa.GetAsync("/api/organizations/acme/usage/breakdown");
        Assert.Equal([("visuals_sketch", 3L, 36m), ("structuring_diagnose", 3L, 30m)], Parts(events));
        Assert.Equal(66m, events.GetProperty("totalCredits").GetDecimal());
        (int status, JsonElement problem) = await nexa.GetAsync("/api/organizations/acme/usage/breakdown?by=moon");
        Assert.Equal((400, "/by"), (status, Pointers(problem).Single()));

        async Task UseAsync(int diagnoses, int sketches)
        {
            for (int i = 0; i < diagnoses; i++)
            {
                await nexa.PostAsync("/api/demo/track-usage", Track("structuring_diagnose", new { }));
            }

            for (int i = 0; i < sketches; i++)
            {
                await nexa.PostAsync("/api/demo/track-usage", Track("visuals_sketch", new { }), NexaApp.Admin);
            }
        }

        static IEnumerable<(string, long, decimal)> Parts(JsonElement breakdown) => breakdown.GetProperty("items").EnumerateArray()
            .Select(item => (item.GetProperty("key").GetString()!, item.GetProperty("events").GetInt64(), item.GetProperty("credits").GetDecimal()));
    }

    [Fact(DisplayName = "BAL-7: PDF exports, sessions, team members and storage end where the plan says, and what goes makes room again")]
    public async Task OtherLimits()
    {
        await using NexaApp nexa = await NexaApp.StartAsync();
        byte[] pdf = await nexa.DownloadAsync("/api/documents/pdf", new { title = "A (first) report", text = Text });
        Assert.Equal("%PDF-1.4"u8, pdf.AsSpan(0, 8));
        Assert.Equal("%%EOF\n"u8, pdf.AsSpan(pdf.Length - 6));
        for (int i = 0; i < 3; i++)
        {
            await nexa.DownloadAsync("/api/documents/pdf", new { title = "Again", text = Text });
        }

        (int status, JsonElement refused) = await nexa.PostAsync("/api/documents/pdf", new { title = "Fifth", text = Text });
        Assert.Equal((429, "pdf_exports"), (status, refused.GetProperty("violations")[0].GetProperty("meter").GetString()));
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(200, (await nexa.PostAsync("/api/sessions", new { })).Status);
        }

        Assert.Equal(429, (await nexa.PostAsync("/api/sessions", new { })).Status);

        Assert.Equal(201, (await nexa.PostAsync("/api/team/members", new { user = "ada" })).Status);
        Assert.Equal(429, (await nexa.PostAsync("/api/team/members", new { user = "eve" })).Status);
        Assert.Equal(204, (await nexa.DeleteAsync("/api/team/members/ada")).Status);
        Assert.Equal(404, (await nexa.DeleteAsync("/api/team/members/ada")).Status);
        await nexa.SettledAsync();
        Assert.Equal(201, (await nexa.PostAsync("/api/team/members", new { user = "eve" })).Status);
        Assert.Equal(["eve"], (await nexa.GetAsync("/api/team/members")).Body.EnumerateArray().Select(member => member.GetProperty("user").GetString()));

        (_, JsonElement asset) = await nexa.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/api/assets?name=logo") { Content = new ByteArrayContent(new byte[1000]) }, NexaApp.Member);
        Assert.Equal(1000m, await StorageAsync());
        string path = "/api/assets/" + asset.GetProperty("id").GetString();
        Assert.Equal(404, (await nexa.DeleteAsync(path, NexaApp.Stranger)).Status);
        Assert.Equal(204, (await nexa.DeleteAsync(path)).Status);
        Assert.Equal(404, (await nexa.DeleteAsync(path)).Status);
        Assert.Equal(0m, await StorageAsync());

        async Task<decimal> StorageAsync() => (await nexa.GetAsync("/api/organizations/acme/usage/current")).Body.GetProperty("limits").EnumerateArray()
            .Single(limit => limit.GetProperty("meter").GetString() == "storage").GetProperty("used").GetDecimal();
    }

    [Fact(DisplayName = "Roles: configuration needs admin; a caller reads and tracks his own organization only; without a token nobody")]
    public async Task Access()
    {
        await using NexaApp nexa = await NexaApp.StartAsync();
        Assert.Equal(401, (await nexa.GetAsync("/api/admin/config", null)).Status);
        Assert.Equal(401, (await nexa.GetAsync("/api/admin/config", "acme-admin-0123456780")).Status);
        Assert.Equal(403, (await nexa.GetAsync("/api/admin/config", NexaApp.Member)).Status);
        Assert.Equal(403, (await nexa.PostAsync("/api/admin/config", Change("cache", "refresh-all"), NexaApp.Member)).Status);
        Assert.Equal(401, (await nexa.PostAsync("/api/structuring/diagnose", new { text = Text }, null)).Status);
        Assert.Equal(403, (await nexa.PostAsync("/api/demo/track-usage", Track("push_sow_to_loe", new { }), NexaApp.Stranger)).Status);
        await nexa.PostAsync("/api/demo/track-usage", Track("push_sow_to_loe", new { }));
        foreach (string part in new[] { "current", "history", "breakdown", "trend" })
        {
            Assert.Equal(200, (await nexa.GetAsync($"/api/organizations/acme/usage/{part}")).Status);
            Assert.Equal(403, (await nexa.GetAsync($"/api/organizations/acme/usage/{part}", NexaApp.Stranger)).Status);
            Assert.Equal(401, (await nexa.GetAsync($"/api/organizations/acme/usage/{part}", null)).Status);
        }
    }
}
