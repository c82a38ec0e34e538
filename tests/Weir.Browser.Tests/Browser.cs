using Microsoft.Playwright;

namespace Weir.Browser.Tests;

/// <summary>One Chromium for all tests of this project; each page has a context of its own.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Find("chromium"),
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    /// <param name="outside">Gets the address of every request that goes elsewhere than to <paramref name="address"/>; none of them is let through.</param>
    public async Task<IPage> OpenAsync(string address, int width, int height, ColorScheme scheme, ICollection<string> outside)
    {
        IBrowserContext context = await _browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = address,
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ColorScheme = scheme,
            ReducedMotion = ReducedMotion.Reduce,
            Locale = "en-GB",
            AcceptDownloads = true,
        });
        await context.RouteAsync(url => !url.StartsWith(address, StringComparison.Ordinal) && !url.StartsWith("blob:", StringComparison.Ordinal), route =>
        {
            outside.Add(route.Request.Url);
            return route.AbortAsync();
        });
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    private static string Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException($"'{program}' is not installed.");
}

/// <summary>Pictures of pages for people to look at, under <c>artifacts/pictures</c>.</summary>
internal static class Pictures
{
    private static readonly string s_folder = Directory.CreateDirectory(Path.Combine(Root(), "artifacts", "pictures")).FullName;

    /// <param name="whole">Also what lies below the fold.</param>
    public static Task TakeAsync(IPage page, string name, bool whole = false) => page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(s_folder, name + ".png"), FullPage = whole });

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Weir.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
