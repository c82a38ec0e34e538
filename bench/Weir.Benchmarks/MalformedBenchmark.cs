using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;

using Microsoft.Extensions.DependencyInjection;

using Weir.AspNetCore;
using Weir.Server.Tests;

namespace Weir.Benchmarks;

/// <summary>Bodies that are broken in every way that the tests know: what no body may do is to keep the server busy for long.</summary>
internal static class MalformedBenchmark
{
    private const int Rounds = 5;
    private const string AdminKey = "benchmark-key-benchmark-key-0123456789";

    private const string Event = """
        { "id": "new-1", "account": "acme", "type": "call", "properties": { "tokens": 2, "note": "x" }, "user": "u", "source": "web", "campaign": "c", "resource": "r",
          "provider": "p", "model": "m", "endpoint": "/e", "requestId": "q", "status": "200", "latencyMs": 5, "address": "1.2.3.4", "userAgent": "a", "key": "k",
          "cost": { "amount": 1.5, "currency": "USD" } }
        """;

    private static readonly (string Method, string Path, string Body)[] s_calls =
    [
        ("POST", "/api/v1/consume", Event),
        ("POST", "/api/v1/check", Event),
        ("POST", "/api/v1/events", Event),
        ("POST", "/api/v1/reservations", Event),
        ("PUT", "/api/v1/accounts/acme", """{ "name": "N", "plan": "plan", "timeZone": "UTC", "anchor": "2026-01-31T09:00:00", "suspended": false, "externalIds": { "billing": "b" } }"""),
        ("POST", "/api/v1/accounts/acme/adjustments", """{ "id": "adj-1", "meter": "credits", "amount": 1, "reason": "why", "actor": "me" }"""),
        ("POST", "/api/v1/catalog/validate", """{ "name": "n", "description": "d", "meters": { "credits": { "unit": "credit" } }, "plans": { "plan": { "name": "Plan" } } }"""),
    ];

    public static async Task RunAsync()
    {
        await using Setting setting = await Setting.StartAsync(app => app.MapWeirApi());
        setting.App.Services.GetRequiredService<KeyService>().UseAdminKey(AdminKey);
        using HttpClient client = new() { BaseAddress = new Uri(setting.App.Urls.First()) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
        List<(TimeSpan Time, string What)> all = [];
        foreach ((string method, string path, string body) in s_calls)
        {
            foreach ((string what, string text, _) in BrokenBodies.Of(body, isOptional: false))
            {
                all.Add((await FastestAsync(client, method, path, text), $"{method} {path}: {what}"));
            }
        }

        all.Sort();
        Console.WriteLine($"{all.Count} broken bodies: median {all[all.Count / 2].Time.TotalMilliseconds:F2} ms each (fastest of {Rounds})");
        foreach ((TimeSpan time, string what) in all.TakeLast(5).Reverse())
        {
            Console.WriteLine($"{time.TotalMilliseconds,8:F2} ms   {what}");
        }

        Console.WriteLine($"slowest {all[^1].Time.TotalMilliseconds:F2} ms (target below 50)");
    }

    /// <summary>The fastest of some tries: the others tell of compilation and of what else the machine does.</summary>
    private static async Task<TimeSpan> FastestAsync(HttpClient client, string method, string path, string text)
    {
        TimeSpan fastest = TimeSpan.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            using HttpRequestMessage request = new(new HttpMethod(method), path) { Content = new StringContent(text, Encoding.UTF8, "application/json") };
            long start = Stopwatch.GetTimestamp();
            using HttpResponseMessage response = await client.SendAsync(request);
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            fastest = time < fastest ? time : fastest;
            if ((int)response.StatusCode >= 500)
            {
                throw new InvalidOperationException($"{method} {path} answered {(int)response.StatusCode} to a broken body.");
            }
        }

        return fastest;
    }
}
