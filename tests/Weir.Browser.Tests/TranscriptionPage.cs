using Microsoft.Playwright;

using NodaTime;

using Weir.Server.Tests.Samples;


namespace Weir.Browser.Tests;

/// <summary>The page of the transcription service in a browser, with real files.</summary>
public sealed class TranscriptionPage(Chromium chromium) : IClassFixture<Chromium>
{
    private const int Wide = 1280;
    private const int Narrow = 390;

    [Fact(DisplayName = "From signing in to subtitles: the limit is shown before the upload, the minutes are live, nothing comes from elsewhere")]
    public async Task Story()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        List<string> outside = [];
        IPage page = await chromium.OpenAsync(app.Address, Wide, 860, ColorScheme.Light, outside);
        List<string> faults = FaultsOf(page);
        await page.GotoAsync("/");
        await Assertions.Expect(page.Locator("#demo-list button")).ToHaveCountAsync(3);
        await Pictures.TakeAsync(page, "transcription-sign-in-wide-light");
        await page.Locator("#token").FillAsync("this-is-no-token-at-all");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#sign-in-error")).ToHaveTextAsync("This token is not known.");
        faults.Clear();

        await SignInAsync(page, "Wing Lam");
        await Assertions.Expect(page.Locator("#minutes-left")).ToHaveTextAsync("30");
        await Assertions.Expect(page.Locator("#drop-limit")).ToHaveTextAsync("Files up to 25 MB · 30 minutes left");
        await Assertions.Expect(page.Locator("#period")).ToHaveTextAsync("10 Nov – 10 Dec");
        await Assertions.Expect(page.Locator("#resets")).ToHaveTextAsync("10 Dec, 00:00 (in 29 days)");

        // Too large: it is said before anything is sent.
        List<string> uploads = [];
        page.Request += (_, request) =>
        {
            if (request.Method == "POST" && new Uri(request.Url).AbsolutePath == "/api/v1/transcription")
            {
                uploads.Add(request.Url);
            }
        };
        await page.Locator("#file").SetInputFilesAsync(await FileAsync(app, "concert.wav", Sounds.Wave(13_200_000, 16_000)));
        await Assertions.Expect(page.Locator("#verdict")).ToContainTextAsync("25 MB");
        await Assertions.Expect(page.Locator("#send")).ToBeDisabledAsync();
        await Assertions.Expect(page.Locator("#upgrade-text")).ToHaveTextAsync("Starter: 150 minutes a month, files up to 100 MB, 2 jobs at once.");
        await Pictures.TakeAsync(page, "transcription-too-large-wide-light");
        Assert.Empty(uploads);

        string video = Sounds.Video(app.Folder, "morning talk.webm", 8);
        await page.Locator("#file").SetInputFilesAsync(video);
        await Assertions.Expect(page.Locator("#verdict")).ToHaveTextAsync("Needs 0.13 minutes; 29.87 remain after it.");
        await Assertions.Expect(page.Locator("#upgrade")).ToBeHiddenAsync();
        await page.Locator("#send").ClickAsync();
        await Assertions.Expect(Job(page, "morning talk.webm").Locator(".chip")).ToHaveTextAsync("Done", new() { Timeout = 30_000 });
        await Assertions.Expect(page.Locator("#minutes-left")).ToHaveTextAsync("29.87");
        Assert.Single(uploads);

        await Job(page, "morning talk.webm").GetByRole(AriaRole.Button, new() { Name = "Read" }).ClickAsync();
        await Assertions.Expect(page.Locator("#cues li")).ToHaveCountAsync(3);
        await Assertions.Expect(page.Locator("#cues li").First).ToContainTextAsync("[Speech 1: 0:00.0 to 0:02.0]");
        await Pictures.TakeAsync(page, "transcription-transcript-wide-light");
        IDownload download = await page.RunAndWaitForDownloadAsync(() => page.Locator("#transcript-downloads").GetByRole(AriaRole.Button, new() { Name = "VTT" }).ClickAsync());
        Assert.Equal("morning talk.vtt", download.SuggestedFilename);
        Assert.StartsWith("WEBVTT\n\n1\n00:00:00.000 --> 00:00:02.0", await File.ReadAllTextAsync(await download.PathAsync()), StringComparison.Ordinal);
        await page.Keyboard.PressAsync("Escape");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(page.Locator("#sign-in")).ToBeVisibleAsync();
        Assert.Empty(outside);
        Assert.Empty(faults);
    }

    [Fact(DisplayName = "The place in the queue is shown and moves up; a waiting file can be taken back")]
    public async Task Queue()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        app.Transcriber.Hold();
        await app.UntilAsync(await app.SubmitAsync(s_eightSeconds, name: "first.wav"), "running");
        List<string> outside = [];
        IPage page = await chromium.OpenAsync(app.Address, Narrow, 844, ColorScheme.Dark, outside);
        List<string> faults = FaultsOf(page);
        await page.GotoAsync("/");
        await SignInAsync(page, "Wing Lam");
        await page.Locator("#file").SetInputFilesAsync(await FileAsync(app, "second.wav", s_eightSeconds));
        await Assertions.Expect(page.Locator("#verdict")).ToContainTextAsync("it will wait in the queue");
        await page.Locator("#send").ClickAsync();
        await Assertions.Expect(Chip(page, "second.wav")).ToHaveTextAsync("Waiting · 1st in the queue");
        await app.SubmitAsync(s_eightSeconds, name: "third.wav");
        await Assertions.Expect(Chip(page, "third.wav")).ToHaveTextAsync("Waiting · 2nd in the queue");
        await Assertions.Expect(page.Locator("#slots")).ToHaveTextAsync("1 of 1 running, 2 waiting");
        await Assertions.Expect(Chip(page, "first.wav")).ToHaveTextAsync("Running · 40 %");
        await Pictures.TakeAsync(page, "transcription-queue-narrow-dark", whole: true);
        await Job(page, "second.wav").GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Assertions.Expect(Chip(page, "second.wav")).ToHaveTextAsync("Canceled");
        await Assertions.Expect(Chip(page, "third.wav")).ToHaveTextAsync("Waiting · 1st in the queue");
        app.Transcriber.Release();
        await Assertions.Expect(Chip(page, "third.wav")).ToHaveTextAsync("Done", new() { Timeout = 30_000 });
        await Assertions.Expect(page.Locator("#minutes-left")).ToHaveTextAsync("29.74");
        Assert.Empty(outside);
        Assert.Empty(faults);
    }

    [Fact(DisplayName = "Near the end the page warns and shows the way up; a bigger plan acts at once")]
    public async Task Upgrade()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        await app.UntilAsync(await app.SubmitAsync(Sounds.Minutes(27), name: "interview.wav"), "completed");
        List<string> outside = [];
        IPage page = await chromium.OpenAsync(app.Address, Wide, 860, ColorScheme.Dark, outside);
        List<string> faults = FaultsOf(page);
        await page.GotoAsync("/");
        await SignInAsync(page, "Wing Lam");
        await Assertions.Expect(page.Locator("#upgrade-title")).ToHaveTextAsync("90 % of this period's minutes are used");
        await Assertions.Expect(page.Locator("#alert-count")).ToHaveTextAsync("2");
        await page.Locator("#alerts-button").ClickAsync();
        await Assertions.Expect(page.Locator("#alert-list li")).ToHaveCountAsync(2);
        await Pictures.TakeAsync(page, "transcription-alerts-wide-dark");
        await page.Locator("#alert-list li").First.GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(page.Locator("#alert-count")).ToHaveTextAsync("1");
        await page.Keyboard.PressAsync("Escape");

        await page.Locator("#file").SetInputFilesAsync(await FileAsync(app, "lecture.wav", Sounds.Minutes(4)));
        await Assertions.Expect(page.Locator("#verdict")).ToContainTextAsync("4 minutes");
        await Assertions.Expect(page.Locator("#upgrade-title")).ToHaveTextAsync("This file needs a bigger plan");
        await Assertions.Expect(page.Locator("#send")).ToBeDisabledAsync();
        await Pictures.TakeAsync(page, "transcription-upgrade-wide-dark");
        await page.Locator("#upgrade-button").ClickAsync();
        await Assertions.Expect(page.Locator("#plan-list article")).ToHaveCountAsync(4);
        await Pictures.TakeAsync(page, "transcription-plans-wide-dark");
        Assert.Empty(await page.EvaluateAsync<string[]>("[...document.querySelectorAll('#plans, #plans article')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Move to Starter" }).ClickAsync();
        await Assertions.Expect(page.Locator("#plan-name")).ToHaveTextAsync("Plan Starter");
        await Assertions.Expect(page.Locator("#minutes-left")).ToHaveTextAsync("123");
        await Assertions.Expect(page.Locator("#verdict")).ToHaveTextAsync("Needs 4 minutes; 119 remain after it.");
        await Assertions.Expect(page.Locator("#send")).ToBeEnabledAsync();
        Assert.Empty(outside);
        Assert.Empty(faults);
    }

    [Theory(DisplayName = "Desktop and phone, light and dark: nothing is cut off, and texts can be read")]
    [InlineData(Wide, ColorScheme.Light)]
    [InlineData(Wide, ColorScheme.Dark)]
    [InlineData(Narrow, ColorScheme.Light)]
    [InlineData(Narrow, ColorScheme.Dark)]
    public async Task Looks(int width, ColorScheme scheme)
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        await app.UntilAsync(await app.SubmitAsync(Sounds.Minutes(12), TranscriptionApp.Nina, "A rather long name of a recording from the harbour, with the boats and everything.wav"), "completed", TranscriptionApp.Nina);
        app.Clock.Now = Instant.FromUtc(2026, 12, 4, 9, 30);
        await app.UntilAsync(await app.SubmitAsync(s_eightSeconds, TranscriptionApp.Nina, "notes.wav"), "completed", TranscriptionApp.Nina);
        app.Transcriber.Hold();
        await app.UntilAsync(await app.SubmitAsync(Sounds.Minutes(3), TranscriptionApp.Nina, "meeting.wav"), "running", TranscriptionApp.Nina);
        List<string> outside = [];
        IPage page = await chromium.OpenAsync(app.Address, width, 900, scheme, outside);
        await page.GotoAsync("/");
        await SignInAsync(page, "Nina Otieno");
        await page.Locator("#file").SetInputFilesAsync(await FileAsync(app, "lecture.wav", Sounds.Minutes(1)));
        await Assertions.Expect(page.Locator("#verdict")).ToContainTextAsync("Needs 1 minute");
        await Assertions.Expect(page.Locator("#jobs li")).ToHaveCountAsync(3);
        await Pictures.TakeAsync(page, $"transcription-{(width == Wide ? "wide" : "narrow")}-{scheme.ToString().ToLowerInvariant()}", whole: true);
        Assert.Equal(width, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        Assert.Empty(await page.EvaluateAsync<string[]>(FaintTexts));
        app.Transcriber.Release();
    }

    [Fact(DisplayName = "On a phone the head has room for the count of new alerts")]
    public async Task Alerted()
    {
        await using TranscriptionApp app = await TranscriptionApp.StartAsync();
        await app.UntilAsync(await app.SubmitAsync(Sounds.Minutes(28)), "completed");
        IPage page = await chromium.OpenAsync(app.Address, Narrow, 844, ColorScheme.Light, []);
        await page.GotoAsync("/");
        await SignInAsync(page, "Wing Lam");
        await Assertions.Expect(page.Locator("#alert-count")).ToHaveTextAsync("2");
        Assert.Equal(Narrow, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    private static readonly byte[] s_eightSeconds = Sounds.Wave(8 * 4_000, 4_000);

    /// <summary>Texts whose contrast with what lies behind them is under 4.5 to 1 (WCAG 2.2, 1.4.3).</summary>
    private const string FaintTexts =
        """
        () => {
          const parse = color => { const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number); return { r, g, b, a }; };
          const light = ({ r, g, b }) => [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
          const behind = element => { for (let e = element; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a === 1) return c; } return { r: 255, g: 255, b: 255 }; };
          return [...document.querySelectorAll("body *")]
            .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && e.checkVisibility() && !e.matches(":disabled"))
            .map(e => { const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x); return { text: e.textContent.trim().slice(0, 40), ratio: (a + 0.05) / (b + 0.05) }; })
            .filter(found => found.ratio < 4.5).map(found => `${found.text}: ${found.ratio.toFixed(2)}`);
        }
        """;

    private static async Task SignInAsync(IPage page, string name)
    {
        await page.Locator("#demo-list").GetByRole(AriaRole.Button, new() { Name = name }).ClickAsync();
        await Assertions.Expect(page.Locator("#plan-name")).Not.ToHaveTextAsync("Plan");
    }

    private static ILocator Job(IPage page, string name) => page.Locator("#jobs li").Filter(new() { Has = page.GetByText(name, new() { Exact = true }) });

    private static ILocator Chip(IPage page, string name) => Job(page, name).Locator(".chip");

    private static async Task<string> FileAsync(TranscriptionApp app, string name, byte[] content)
    {
        string path = Path.Combine(app.Folder, name);
        await File.WriteAllBytesAsync(path, content);
        return path;
    }

    /// <summary>What the page's console says of errors.</summary>
    private static List<string> FaultsOf(IPage page)
    {
        List<string> faults = [];
        page.PageError += (_, error) => faults.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                faults.Add(message.Text);
            }
        };
        return faults;
    }
}
