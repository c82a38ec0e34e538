using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

using Weir.AspNetCore;
using Weir.PostgreSql;

namespace Weir.Benchmarks;

/// <summary>
/// How much of its rate recording keeps when five times as many callers want it, alone and while others ask for usage, histories and logs as fast
/// as they are answered; on a node whose queries take turns, and on one whose do not. The load comes from the same processors, so a part is lost
/// in any case.
/// </summary>
internal static class OverloadBenchmark
{
    private const int Rounds = 3;
    private const int Seconds = 10;
    private const int Connections = 256;
    private const int TimesMore = 5;

    public static async Task RunAsync()
    {
        await using PostgreSqlServer server = await PostgreSqlServer.StartAsync(withStatements: false);
        string runtime = await server.NewDatabaseAsync("overload");
        await using Setting turns = await StartAsync(runtime, new WeirOptions().MostQueries);
        await using Setting crowd = await StartAsync(runtime, 1_000);
        Table table = new();
        List<double> alone = [], more = [];
        (string Name, Setting Setting, List<double> Rates)[] nodes = [("in turns", turns, []), ("all at once", crowd, [])];
        foreach ((_, Setting setting, _) in nodes)
        {
            await Wrk.RunAsync(Consume(setting), Seconds, setting == turns ? 10 : 11, Connections);
            await Wrk.RunAsync(setting.App.Urls.First(), Seconds / 2, 0, Connections, "query.lua", isLax: true);
        }

        for (int round = 1; round <= Rounds; round++)
        {
            await PostgreSqlBenchmark.CatchUpAsync(turns);
            alone.Add((await Wrk.RunAsync(Consume(turns), Seconds, round, Connections)).Rate);
            Console.WriteLine($"round {round}: consumes alone                         {alone[^1],9:N0}/s");
            await PostgreSqlBenchmark.CatchUpAsync(turns);
            more.Add((await Wrk.RunAsync(Consume(turns), Seconds, round + 300, Connections * TimesMore, isLax: true)).Rate);
            Console.WriteLine($"round {round}: consumes of {TimesMore} times the callers           {more[^1],9:N0}/s");
            foreach ((string name, Setting setting, List<double> rates) in nodes)
            {
                await PostgreSqlBenchmark.CatchUpAsync(setting);
                Task<Wrk> queries = Wrk.RunAsync(setting.App.Urls.First(), Seconds + 1, round, Connections, "query.lua", isLax: true);
                rates.Add((await Wrk.RunAsync(Consume(setting), Seconds, round + (setting == turns ? 100 : 200), Connections * TimesMore, isLax: true)).Rate);
                Console.WriteLine($"round {round}: consumes beside queries {name,-12}   {rates[^1],9:N0}/s   {(await queries).Rate,9:N0} answers to queries/s");
            }
        }

        table.Add($"consumes, {TimesMore} times the callers, no queries", "consumes alone", Table.Median(more), Table.Median(alone), "–", "P0", "");
        foreach ((string name, _, List<double> rates) in nodes)
        {
            table.Add($"consumes, {TimesMore} times the callers, queries {name}", "consumes alone", Table.Median(rates), Table.Median(alone), "–", "P0", "");
        }

        table.Print();
    }

    private static string Consume(Setting setting) => setting.App.Urls.First() + "/api/v1/consume";

    private static async Task<Setting> StartAsync(string runtime, int mostQueries)
    {
        Setting setting = await Setting.StartAsync(
            app => app.MapWeirApi(),
            weir =>
            {
                weir.AddPostgreSql(new PostgreSqlStoreOptions { ConnectionString = runtime });
                weir.Services.Configure<WeirOptions>(options => options.MostQueries = mostQueries);
            });
        setting.App.Services.GetRequiredService<KeyService>().UseAdminKey(Wrk.AdminKey);
        return setting;
    }
}
