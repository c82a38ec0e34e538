using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

using Weir.AspNetCore;

namespace Weir.Benchmarks;

/// <summary>
/// The same Kestrel, the same connections, the same request: consumes that are durable when they are answered, beside an endpoint that
/// answers an empty JSON object. The two run in turn, so that a drift of the machine meets both.
/// </summary>
internal static class HttpBenchmark
{
    private const int Rounds = 3;
    private const int WarmUpSeconds = 25;

    public static async Task RunAsync()
    {
        await using Setting setting = await Setting.StartAsync(app =>
        {
            app.MapWeirApi();
            app.MapPost("/empty", () => Microsoft.AspNetCore.Http.TypedResults.Json(new Dictionary<string, string>()));
        });
        setting.App.Services.GetRequiredService<KeyService>().UseAdminKey(Wrk.AdminKey);
        string url = setting.App.Urls.First();
        Console.WriteLine($"fsync of a 4 KiB write: {Fsync.Median(setting.Folder).TotalMicroseconds:F0} µs (median of 100)");
        using Commits commits = new();
        (string Name, string Url)[] endpoints = [("empty", url + "/empty"), ("check", url + "/api/v1/check"), ("consume", url + "/api/v1/consume")];

        // Steady state is compared: the runtime compiles hot code again and again for its first quarter of a minute under load.
        foreach ((_, string address) in endpoints)
        {
            await Wrk.RunAsync(address, WarmUpSeconds, 0);
        }

        Dictionary<string, List<Wrk>> loads = endpoints.ToDictionary(endpoint => endpoint.Name, _ => new List<Wrk>(), StringComparer.Ordinal);
        for (int round = 1; round <= Rounds; round++)
        {
            foreach ((string name, string address) in endpoints)
            {
                commits.Reset();
                Wrk load = await Wrk.RunAsync(address, 5, round);
                loads[name].Add(load);
                Console.WriteLine($"round {round}: {name,-8} {load.Rate,9:N0}/s   {load.Processor,6:F1} µs of processor time   {load.Collecting,4:F1} µs in {load.Collections,5:F1} collections a thousand   {load.Allocated,6:N0} bytes allocated{commits}");
            }
        }

        double cost = Median(loads["consume"], load => load.Processor) / Median(loads["empty"], load => load.Processor);
        double ratio = Median(loads["consume"], load => load.Rate) / Median(loads["empty"], load => load.Rate);
        Console.WriteLine($"a consume takes {cost:F2} times the server's processor time of an empty answer (medians)");
        Console.WriteLine($"ratio of the rates {ratio:P1} (medians; target at least 50 %)");
    }

    private static double Median(List<Wrk> loads, Func<Wrk, double> figure) => loads.Select(figure).Order().ElementAt(loads.Count / 2);
}
