using System.Text.Json;

using global::Transcription;

using Microsoft.Extensions.DependencyInjection;

using NodaTime;

using Weir.Engine;

namespace Weir.Server.Tests.Samples;

/// <summary>What the users of the transcription service do, end to end, with real audio and video.</summary>
public sealed class TranscriptionStory
{
    private static readonly byte[] s_eightSeconds = Sounds.Wave(8 * 4_000, 4_000);

    [Fact(DisplayName = "A video comes in, its subtitles go out, and it is charged by the real duration, once")]
    public async Task Story()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        byte[] video = await File.ReadAllBytesAsync(Sounds.Video(app.Folder, "talk.mp4", 8));
        (int status, JsonElement check) = await app.PostAsync("/transcription/check-limits", new { estimated_duration_seconds = 8, file_size_bytes = video.Length });
        Assert.Equal((200, true, 0.13m, 30m), (status, check.GetProperty("can_process").GetBoolean(), check.GetProperty("credits_required").GetDecimal(), check.GetProperty("credits_remaining").GetDecimal()));

        string id = await app.SubmitAsync(video, name: "廣東話 talk.mp4");
        JsonElement job = await app.UntilAsync(id, "completed");
        Assert.Equal(("廣東話 talk.mp4", true, 8m, "yue", video.LongLength), (
            job.GetProperty("name").GetString(), job.GetProperty("is_video").GetBoolean(), job.GetProperty("duration_seconds").GetDecimal(), job.GetProperty("language").GetString(),
            job.GetProperty("file_size_bytes").GetInt64()));
        Assert.Equal((0.13m, 0.0008m), (job.GetProperty("credits").GetDecimal(), job.GetProperty("cost").GetDecimal()));
        (_, JsonElement detail) = await app.GetAsync("/transcription/" + id);
        Assert.Equal(3, detail.GetProperty("transcript").GetProperty("cues").GetArrayLength());

        (status, string srt, System.Net.Http.Headers.HttpContentHeaders headers) = await app.ExportAsync(id, "srt");
        Assert.Equal((200, "application/x-subrip", "廣東話 talk.srt"), (status, headers.ContentType!.MediaType, headers.ContentDisposition!.FileNameStar));
        Assert.Matches("^1\n00:00:00,000 --> 00:00:02,0\\d\\d\n\\[Speech 1: 0:00.0 to 0:02.0\\]\n\n2\n00:00:0[23],\\d\\d\\d --> 00:00:05,0\\d\\d\n", srt);
        (_, string vtt, headers) = await app.ExportAsync(id, "vtt");
        Assert.Equal("text/vtt", headers.ContentType!.MediaType);
        Assert.Equal("WEBVTT\n\n" + srt.Replace(',', '.'), vtt);
        Assert.Equal(400, (await app.ExportAsync(id, "doc")).Status);

        JsonElement current = await app.CurrentAsync();
        JsonElement credits = current.GetProperty("credits");
        Assert.Equal((0.13m, 0m, 30m, 29.87m), (
            credits.GetProperty("used").GetDecimal(), credits.GetProperty("held").GetDecimal(), credits.GetProperty("limit").GetDecimal(), credits.GetProperty("remaining").GetDecimal()));
        Assert.Equal((29.87m, 0.0008m), (current.GetProperty("minutes_remaining").GetDecimal(), current.GetProperty("cost").GetProperty("month").GetDecimal()));
        IReadOnlyList<LedgerRecord> log = await app.Services.GetRequiredService<IWeirStore>().Ledger.ReadAsync(app.Workspace, new LedgerFilter { Type = "transcription", Ascending = true }, CancellationToken.None);
        Assert.Equal(("wing", "silencedetect", "mov"), (log[0].Details.User, log[0].Details.Model, log[0].Entry.Properties.TryGet("format", out PropertyValue format) ? format.Text : null));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(app.Folder, "uploads")));
    }

    [Fact(DisplayName = "BAL-9: a file of exactly the plan's size comes in, one byte more does not, announced or not")]
    public async Task Sizes()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        const int limit = 25 * 1024 * 1024;
        byte[] exact = Sounds.Wave((limit - 44) / 2, 16_000);
        (int status, JsonElement refused) = await app.PostAsync("/transcription/check-limits", new { estimated_duration_seconds = 60, file_size_bytes = limit + 1 });
        IsTooLarge(status, refused);
        (status, refused) = await app.UploadAsync([.. exact, 0], chunked: true);
        IsTooLarge(status, refused);
        (status, refused) = await app.UploadAsync(new byte[limit + Upload.FormBytes]);
        IsTooLarge(status, refused);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(app.Folder, "uploads")));
        await app.UntilAsync(await app.SubmitAsync(exact), "completed");

        void IsTooLarge(int status, JsonElement problem)
        {
            Assert.Equal((429, "request_limit_exceeded"), (status, problem.GetProperty("code").GetString()));
            Assert.Equal("starter", problem.GetProperty("advice").GetProperty("plan").GetString());
            Assert.Equal(limit, problem.GetProperty("violations")[0].GetProperty("limit").GetInt64());
        }
    }

    [Fact(DisplayName = "SLOT-2: on Free the second job waits, its place is shown, and a canceled one lets the next move up")]
    public async Task Queue()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        app.Transcriber.Hold();
        string first = await app.SubmitAsync(s_eightSeconds);
        await app.UntilAsync(first, "running");
        (_, JsonElement check) = await app.PostAsync("/usage/check", new { estimated_duration_seconds = 8, file_size_bytes = 1000 });
        Assert.Equal((true, true), (check.GetProperty("can_process").GetBoolean(), check.GetProperty("would_wait").GetBoolean()));
        string second = await app.SubmitAsync(s_eightSeconds);
        await app.UntilAsync(second, job => Position(job) == 1);
        string third = await app.SubmitAsync(s_eightSeconds);
        await app.UntilAsync(third, job => Position(job) == 2);
        JsonElement jobs = (await app.CurrentAsync()).GetProperty("jobs");
        Assert.Equal((1, 2, 1), (jobs.GetProperty("running").GetInt32(), jobs.GetProperty("waiting").GetInt32(), jobs.GetProperty("limit").GetInt32()));
        Assert.Equal(0.13m, (await app.CurrentAsync()).GetProperty("credits").GetProperty("held").GetDecimal());

        Assert.Equal("canceled", TranscriptionApp.State((await app.DeleteAsync("/transcription/" + second)).Body));
        await app.UntilAsync(third, job => Position(job) == 1);
        app.Transcriber.Release();
        await app.UntilAsync(first, "completed");
        await app.UntilAsync(third, "completed");
        Assert.Equal(1, app.Transcriber.Most);
        Assert.Equal(0.26m, (await app.CurrentAsync()).GetProperty("credits").GetProperty("used").GetDecimal());
        Assert.Equal(204, (await app.DeleteAsync("/transcription/" + third)).Status);
        Assert.Equal(404, (await app.GetAsync("/transcription/" + third)).Status);

        static int? Position(JsonElement job) => job.GetProperty("position") is { ValueKind: JsonValueKind.Number } position ? position.GetInt32() : null;
    }

    [Fact(DisplayName = "SLOT-1: the service as a whole runs five jobs at once, whatever the plans allow together")]
    public async Task Service()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        app.Transcriber.Hold();
        List<string> paul = [];
        for (int i = 0; i < 4; i++)
        {
            paul.Add(await app.SubmitAsync(s_eightSeconds, TranscriptionApp.Paul));
        }

        await Task.WhenAll(paul.Select(id => app.UntilAsync(id, "running", TranscriptionApp.Paul)));
        string nina = await app.SubmitAsync(s_eightSeconds, TranscriptionApp.Nina);
        await app.UntilAsync(nina, "running", TranscriptionApp.Nina);
        string wing = await app.SubmitAsync(s_eightSeconds);
        await app.UntilAsync(wing, job => job.GetProperty("position").ValueKind == JsonValueKind.Number);
        app.Transcriber.Release();
        await app.UntilAsync(wing, "completed");
        Assert.Equal(5, app.Transcriber.Most);
    }

    [Fact(DisplayName = "BAL-2: without enough credits a file is refused with the figures and the way up; a job whose turn comes too late is refused then")]
    public async Task Credits()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        app.Transcriber.Hold();
        string ten = await app.SubmitAsync(Sounds.Minutes(10));
        await app.UntilAsync(ten, "running");
        string fifteen = await app.SubmitAsync(Sounds.Minutes(15));
        string six = await app.SubmitAsync(Sounds.Minutes(6));
        app.Transcriber.Release();
        await app.UntilAsync(fifteen, "completed");
        JsonElement late = await app.UntilAsync(six, "refused");
        Assert.Equal("limit_exceeded", late.GetProperty("code").GetString());
        Assert.Contains("Starter", late.GetProperty("upgrade").GetString(), StringComparison.Ordinal);
        Assert.Equal((25m, 0m), Figures(await app.CurrentAsync()));

        (int status, JsonElement refused) = await app.UploadAsync(Sounds.Minutes(6));
        Assert.Equal((429, "limit_exceeded"), (status, refused.GetProperty("code").GetString()));
        JsonElement violation = Assert.Single(refused.GetProperty("violations").EnumerateArray());
        Assert.Equal((6m, 5m, 25m), (violation.GetProperty("requested").GetDecimal(), violation.GetProperty("remaining").GetDecimal(), violation.GetProperty("used").GetDecimal()));
        Assert.Equal("Starter allows 150 credits per month.", refused.GetProperty("upgrade").GetString());
        Assert.Equal("starter", (await app.CurrentAsync()).GetProperty("upgrade").GetProperty("plan").GetString());

        Assert.Equal(204, (await app.PutAsync("/plan", new { plan = "starter" })).Status);
        await app.UntilAsync(await app.SubmitAsync(Sounds.Minutes(6)), "completed");
        Assert.Equal((31m, 0m), Figures(await app.CurrentAsync()));
    }

    [Fact(DisplayName = "PER-1: credits begin anew on the account's anniversary, in its own zone, at the second")]
    public async Task Anniversary()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        app.Clock.Now = Instant.FromUtc(2026, 11, 20, 8, 0);
        await app.UntilAsync(await app.SubmitAsync(Sounds.Minutes(10), TranscriptionApp.Nina), "completed", TranscriptionApp.Nina);
        JsonElement current = await app.CurrentAsync(TranscriptionApp.Nina);
        // From the 31st, 09:00 in Nairobi (UTC+3): clamped to the 30th in November.
        JsonElement period = current.GetProperty("billing_period");
        Assert.Equal(("Africa/Nairobi", At(2026, 10, 31, 6), At(2026, 11, 30, 6)), (
            period.GetProperty("time_zone").GetString(), period.GetProperty("start").GetDateTimeOffset(), period.GetProperty("end").GetDateTimeOffset()));
        app.Clock.Now = Instant.FromUtc(2026, 11, 30, 5, 59, 59);
        Assert.Equal((10m, 0m), Figures(await app.CurrentAsync(TranscriptionApp.Nina)));
        app.Clock.Now = Instant.FromUtc(2026, 11, 30, 6, 0);
        current = await app.CurrentAsync(TranscriptionApp.Nina);
        Assert.Equal((0m, 0m), Figures(current));
        Assert.Equal((At(2026, 11, 30, 6), At(2026, 12, 31, 6)), (
            current.GetProperty("billing_period").GetProperty("start").GetDateTimeOffset(), current.GetProperty("billing_period").GetProperty("end").GetDateTimeOffset()));
        (_, JsonElement history) = await app.GetAsync("/usage/history?periods=3", TranscriptionApp.Nina);
        Assert.Equal([0m, 10m], history.GetProperty("periods").EnumerateArray().Select(each => each.GetProperty("used").GetDecimal()));

        // Wing's months begin with the day of his first visit, at midnight in Hong Kong.
        Assert.Equal((At(2026, 11, 9, 16), At(2026, 12, 9, 16)), (
            (await app.CurrentAsync()).GetProperty("billing_period").GetProperty("start").GetDateTimeOffset(), (await app.CurrentAsync()).GetProperty("billing_period").GetProperty("end").GetDateTimeOffset()));

        static DateTimeOffset At(int year, int month, int day, int hour) => new(year, month, day, hour, 0, 0, TimeSpan.Zero);
    }

    [Fact(DisplayName = "ALERT-1: at 80, 90 and 100 percent an alert comes into the inbox, once; it is acknowledged by its own user, and a bigger plan resolves it")]
    public async Task Alerts()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        await app.UntilAsync(await app.SubmitAsync(Sounds.Minutes(27)), "completed");
        Assert.Equal([(90m, "raised", false), (80m, "raised", false)], await InboxAsync());
        await app.UntilAsync(await app.SubmitAsync(Sounds.Minutes(3)), "completed");
        Assert.Equal([(100m, "raised", false), (90m, "raised", false), (80m, "raised", false)], await InboxAsync());

        string id = (await app.GetAsync("/usage/alerts")).Body.GetProperty("items")[0].GetProperty("id").GetString()!;
        Assert.Equal(404, (await app.PostAsync($"/usage/alerts/{id}/acknowledge", token: TranscriptionApp.Nina)).Status);
        (int status, JsonElement alert) = await app.PostAsync($"/usage/alerts/{id}/acknowledge");
        Assert.Equal((200, "All minutes of the period are used."), (status, alert.GetProperty("message").GetString()));
        Assert.Equal([(100m, "raised", true), (90m, "raised", false), (80m, "raised", false)], await InboxAsync());
        Assert.Equal(204, (await app.PutAsync("/plan", new { plan = "starter" })).Status);
        Assert.All(await InboxAsync(), item => Assert.Equal("resolved", item.State));
        Assert.Empty((await app.GetAsync("/usage/alerts", TranscriptionApp.Nina)).Body.GetProperty("items").EnumerateArray());

        async Task<(decimal Threshold, string State, bool Acknowledged)[]> InboxAsync() =>
            [.. (await app.GetAsync("/usage/alerts")).Body.GetProperty("items").EnumerateArray().Select(item => (
                item.GetProperty("threshold").GetDecimal(), item.GetProperty("state").GetString()!, item.GetProperty("acknowledged").GetBoolean())).OrderByDescending(item => item.Item1)];
    }

    [Fact(DisplayName = "RATE-1: a hundred calls an hour for each user; then 429 with the time to come again")]
    public async Task Rate()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        object small = new { estimated_duration_seconds = 1, file_size_bytes = 1 };
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(200, (await app.PostAsync("/usage/check", small)).Status);
        }

        (int status, JsonElement refused) = await app.PostAsync("/transcription/check-limits", small);
        Assert.Equal((429, "rate_limited"), (status, refused.GetProperty("code").GetString()));
        Assert.Equal(429, (await app.UploadAsync(s_eightSeconds)).Status);
        Assert.Equal(200, (await app.PostAsync("/usage/check", small, TranscriptionApp.Nina)).Status);
        app.Clock.Advance(NodaTime.Duration.FromMinutes(62));
        Assert.Equal(200, (await app.PostAsync("/transcription/check-limits", small)).Status);
    }

    [Fact(DisplayName = "NUM-4: the service spends at most 50 a day, over all users together")]
    public async Task CostOfADay()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        await app.Services.GetRequiredService<IUsage>().RecordAsync(
            UsageEvent.Of("another", "transcription") with { Cost = new GivenCost(49.9995m, "USD") }, CancellationToken.None);
        (int status, JsonElement refused) = await app.UploadAsync(s_eightSeconds);
        Assert.Equal((429, "cost"), (status, refused.GetProperty("violations")[0].GetProperty("meter").GetString()));
        app.Clock.Now = Instant.FromUtc(2026, 11, 11, 0, 0);
        await app.UntilAsync(await app.SubmitAsync(s_eightSeconds), "completed");
    }

    [Fact(DisplayName = "A job that fails, gets stuck or is canceled gives back what it held and is charged nothing")]
    public async Task Failures()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync("--Transcription:Jobs:StuckAfter=00:00:00.400");
        app.Transcriber.Fault = new TranscriberException("The transcriber cannot be reached.");
        JsonElement failed = await app.UntilAsync(await app.SubmitAsync(s_eightSeconds), "failed");
        Assert.Equal(("transcription_failed", "The transcriber cannot be reached."), (failed.GetProperty("code").GetString(), failed.GetProperty("reason").GetString()));
        app.Transcriber.Fault = new InvalidOperationException("a secret of the inside");
        failed = await app.UntilAsync(await app.SubmitAsync(s_eightSeconds), "failed");
        Assert.Equal("internal_error", failed.GetProperty("code").GetString());
        Assert.DoesNotContain("secret", failed.GetProperty("reason").GetString(), StringComparison.Ordinal);
        app.Transcriber.Fault = null;
        app.Transcriber.Hold();
        JsonElement stuck = await app.UntilAsync(await app.SubmitAsync(s_eightSeconds), "failed");
        Assert.Equal("stuck", stuck.GetProperty("code").GetString());
        Assert.Equal((0m, 0m), Figures(await app.CurrentAsync()));
        app.Transcriber.Release();
        await app.UntilAsync(await app.SubmitAsync(s_eightSeconds), "completed");
        Assert.Equal((0.13m, 0m), Figures(await app.CurrentAsync()));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(app.Folder, "uploads")));
    }

    [Fact(DisplayName = "A running job is canceled at once, and its slot is free")]
    public async Task Cancel()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        app.Transcriber.Hold();
        string id = await app.SubmitAsync(s_eightSeconds);
        await app.UntilAsync(id, "running");
        Assert.Equal("canceled", TranscriptionApp.State((await app.DeleteAsync("/transcription/" + id)).Body));
        Assert.Equal((0m, 0m), Figures(await app.CurrentAsync()));
        await app.UntilAsync(await app.SubmitAsync(s_eightSeconds), "running");
    }

    [Fact(DisplayName = "What ran and what waited when the service stopped is done after its start, and charged once")]
    public async Task Restart()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        app.Transcriber.Hold();
        string first = await app.SubmitAsync(s_eightSeconds);
        await app.UntilAsync(first, "running");
        string second = await app.SubmitAsync(s_eightSeconds);
        await app.RestartAsync();
        app.Transcriber.Release();
        await app.UntilAsync(first, "completed");
        await app.UntilAsync(second, "completed");
        Assert.Equal((0.26m, 0m), Figures(await app.CurrentAsync()));
        Assert.Equal(0, (await app.Services.GetRequiredService<Verifier>().VerifyAsync(app.Workspace, CancellationToken.None)).Differences);
    }

    [Fact(DisplayName = "RES-3: a job that ends after its hold did is recorded late, and not lost")]
    public async Task Late()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        app.Transcriber.Hold();
        string id = await app.SubmitAsync(s_eightSeconds);
        await app.UntilAsync(id, "running");
        app.Clock.Advance(NodaTime.Duration.FromMinutes(2));
        app.Transcriber.Release();
        JsonElement job = await app.UntilAsync(id, "completed");
        Assert.Equal(0.13m, job.GetProperty("credits").GetDecimal());
        Assert.Equal((0.13m, 0m), Figures(await app.CurrentAsync()));
    }

    [Fact(DisplayName = "Everybody sees his own jobs only, and nothing without a token")]
    public async Task Access()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        string id = await app.SubmitAsync(s_eightSeconds);
        await app.UntilAsync(id, "completed");
        foreach (string path in new[] { "/session", "/usage/current", "/usage/limits", "/usage/alerts", "/usage/history", "/transcription", "/transcription/" + id })
        {
            Assert.Equal(200, (await app.GetAsync(path)).Status);
            Assert.Equal(401, (await app.GetAsync(path, null)).Status);
            Assert.Equal(401, (await app.GetAsync(path, "demo-wing-free-0002")).Status);
        }

        Assert.Equal(404, (await app.GetAsync("/transcription/" + id, TranscriptionApp.Nina)).Status);
        Assert.Equal(404, (await app.DeleteAsync("/transcription/" + id, TranscriptionApp.Nina)).Status);
        Assert.Equal(404, (await app.ExportAsync(id, "srt", TranscriptionApp.Nina)).Status);
        Assert.Empty((await app.GetAsync("/transcription", TranscriptionApp.Nina)).Body.GetProperty("items").EnumerateArray());
        Assert.Equal(401, (await app.UploadAsync(s_eightSeconds, "demo-wing-free-0002")).Status);
    }

    [Fact(DisplayName = "What cannot be used is refused before it is charged: no form, no media, no sound, no such language")]
    public async Task BadInput()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        Assert.Equal(415, (await app.UploadAsync("These are notes."u8.ToArray(), name: "notes.mp3")).Status);
        Assert.Equal(415, (await app.UploadAsync(await File.ReadAllBytesAsync(Sounds.Silent(app.Folder, "mute.mp4", 1)))).Status);
        Assert.Equal(400, (await app.UploadAsync([])).Status);
        Assert.Equal(400, (await app.UploadAsync(s_eightSeconds, language: "Klingon")).Status);
        Assert.Equal(400, (await app.PostAsync("/transcription", new { file = "talk.wav" })).Status);
        Assert.Equal(400, (await app.PostAsync("/usage/check", new { estimated_duration_seconds = -1 })).Status);
        foreach ((string path, object body, string pointer, string what) in new (string, object, string, string)[]
        {
            ("/usage/check", new { estimated_duration_hours = 1 }, "/estimated_duration_hours", "'estimated_duration_hours' is not a member here."),
            ("/transcription/check-limits", new { estimated_duration_seconds = "long" }, "/estimated_duration_seconds", "A number is wanted here."),
            ("/transcription/check-limits", new { file_size_bytes = 0.5 }, "/file_size_bytes", "A whole number in range is wanted here."),
            ("/transcription/check-limits", new[] { 1 }, "", "An object is wanted here."),
        })
        {
            (int status, JsonElement problem) = await app.PostAsync(path, body);
            Assert.Equal((400, "invalid_json"), (status, problem.GetProperty("code").GetString()));
            Assert.Equal(pointer, problem.GetProperty("errors")[0].GetProperty("pointer").GetString());
            Assert.StartsWith(what, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal((0m, 0m), Figures(await app.CurrentAsync()));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(app.Folder, "uploads")));
    }

    [Fact(DisplayName = "A user's open jobs are bounded, and what is over is cleaned when its time has come")]
    public async Task Bounds()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync("--Transcription:Jobs:MostOpenPerUser=2", "--Transcription:Jobs:Housekeeping=00:00:00.050");
        app.Transcriber.Hold();
        string first = await app.SubmitAsync(s_eightSeconds);
        await app.SubmitAsync(s_eightSeconds);
        Assert.Equal(503, (await app.UploadAsync(s_eightSeconds)).Status);
        app.Transcriber.Release();
        await app.UntilAsync(first, "completed");
        app.Clock.Advance(NodaTime.Duration.FromDays(31));
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        while ((await app.GetAsync("/transcription/" + first)).Status != 404)
        {
            await Task.Delay(10, patience.Token);
        }
    }

    [Fact(DisplayName = "BAL-8: in the development environment everything is recorded and nothing refused")]
    public async Task Development()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync("--environment=Development");
        Assert.False((await app.CurrentAsync()).GetProperty("enforced").GetBoolean());
        await app.UntilAsync(await app.SubmitAsync(Sounds.Minutes(31)), "completed");
        Assert.Equal((31m, 0m), Figures(await app.CurrentAsync()));
    }

    [Fact(DisplayName = "With an endpoint configured, the transcripts come from there")]
    public async Task Configured()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        Assert.Equal("silence", (await app.GetAsync("/session")).Body.GetProperty("transcriber").GetString());
        await using Microsoft.AspNetCore.Builder.WebApplication other = TranscriptionHost.Create(
            [$"--Transcription:Data={Path.Combine(app.Folder, "other")}", "--Transcription:OpenAi:ApiKey=secret-key", "--Transcription:OpenAi:Model=whisper-large"]);
        ITranscriber transcriber = other.Services.GetRequiredService<ITranscriber>();
        Assert.Equal(("openai", "whisper-large"), (transcriber.Name, transcriber.Model));
    }

    private static (decimal Used, decimal Held) Figures(JsonElement current) =>
        (current.GetProperty("credits").GetProperty("used").GetDecimal(), current.GetProperty("credits").GetProperty("held").GetDecimal());
}
