using System.CommandLine;

using Weir.Chaos;

Option<int> kills = new("--kills") { Description = "How often the server is killed.", DefaultValueFactory = _ => 3 };
Option<int> writers = new("--writers") { Description = "Senders at the same time.", DefaultValueFactory = _ => 12 };
Option<int> seed = new("--seed") { Description = "Chooses amounts, accounts and the moments of the kills; printed, so that a run can be repeated.", DefaultValueFactory = _ => Random.Shared.Next(1, 1_000_000) };
Command kill = new("kill", "Kill -9 under load, restart, and compare with the books of the senders.") { kills, writers, seed };
kill.SetAction((parsed, _) => KillScenario.RunAsync(parsed.GetValue(kills), parsed.GetValue(writers), parsed.GetValue(seed)));

Command webhooks = new("webhooks", "Kill -9 while webhooks are delivered, restart, and compare what arrived with what had to.") { kills, seed };
webhooks.SetAction((parsed, _) => WebhookScenario.RunAsync(parsed.GetValue(kills), parsed.GetValue(seed)));

Option<double> seconds = new("--seconds") { Description = "How long the server cannot be reached.", DefaultValueFactory = _ => 600 };
Option<int> rate = new("--rate") { Description = "Records a second, of all processes together; of a single sender its own.", DefaultValueFactory = _ => 1000 };
Command spool = new("spool", "Take the server away from four processes that record, kill two of them, and compare the log with what was acknowledged.") { seconds, rate, seed };
spool.SetAction((parsed, _) => SpoolScenario.RunAsync(TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(rate), parsed.GetValue(seed)));

Option<Uri> server = new("--server") { Required = true, CustomParser = result => new Uri(result.Tokens[0].Value) };
Option<string> key = new("--key") { Required = true };
Option<string> folder = new("--spool") { Required = true };
Option<string> name = new("--name") { Required = true };
Option<string> book = new("--book") { Required = true };
Option<int> refusals = new("--refusals");
Option<long> since = new("--since");
Command sender = new("spool-sender", "One of the processes of 'spool'.") { server, key, folder, name, book, rate, since, refusals };
sender.Hidden = true;
sender.SetAction((parsed, _) => SpoolSender.RunAsync(
    parsed.GetRequiredValue(server), parsed.GetRequiredValue(key), parsed.GetRequiredValue(folder), parsed.GetRequiredValue(name), parsed.GetRequiredValue(book),
    parsed.GetValue(rate), parsed.GetValue(since), parsed.GetValue(refusals)));

Option<int> reservations = new("--reservations") { Description = "Reservations of all holders together.", DefaultValueFactory = _ => 10_000 };
Option<int> holderCount = new("--holders") { Description = "Processes that hold and are killed.", DefaultValueFactory = _ => 6 };
Command holders = new("holders", "Kill -9 processes that hold amounts and slots, freeze one and keep others alive, with the sweeper off, and judge by the server's times.") { reservations, holderCount, seed };
holders.SetAction((parsed, _) => HolderScenario.RunAsync(parsed.GetValue(reservations), parsed.GetValue(holderCount), parsed.GetValue(seed)));

Option<int> nodeCount = new("--nodes") { Description = "Servers on the one database.", DefaultValueFactory = _ => 3 };
Option<int> workers = new("--workers") { Description = "Callers at the same time, of each node.", DefaultValueFactory = _ => 64 };
Option<int> hotRounds = new("--hot-rounds") { Description = "Rounds in which all callers ask one account for three times its limit.", DefaultValueFactory = _ => 3 };
Option<int> ids = new("--ids") { Description = "Ids that are sent one to five times.", DefaultValueFactory = _ => 2_000 };
Option<int> databaseKills = new("--database-kills") { Description = "How often the database is killed, all of its processes at once.", DefaultValueFactory = _ => 1 };
Option<int> freezes = new("--freezes") { Description = "How often a node stands still, with locks.", DefaultValueFactory = _ => 1 };
Option<int> databaseFreezes = new("--database-freezes") { Description = "How often the database stands still.", DefaultValueFactory = _ => 1 };
Option<int> ways = new("--ways") { Description = "How often the way of a node to the database is silent, slow, refused, cut, half-closed, and loses replies: of each so many.", DefaultValueFactory = _ => 1 };
Option<int> between = new("--between") { Description = "Answers that every node gives between two faults.", DefaultValueFactory = _ => 50 };
Option<double> cross = new("--cross") { Description = "Seconds of arrays over many accounts, in which nothing may deadlock.", DefaultValueFactory = _ => 3 };
Option<bool> clocks = new("--clocks") { Description = "Whether nodes have wrong clocks in the rounds on a hot account; it makes them slow.", DefaultValueFactory = _ => true };
Option<string?> older = new("--older") { Description = "The Weir.Server.dll of an earlier version, which the last node runs, as in the middle of an upgrade." };
Option<bool> times = new("--times") { Description = "Whether an answer that comes too late is a violation; on a busy machine it is only told." };
Command nodes = new("nodes", "Several nodes on one PostgreSQL, killed, frozen and cut off under load, and compared with the books of the callers.")
{
    nodeCount, workers, hotRounds, ids, kills, databaseKills, freezes, databaseFreezes, ways, between, cross, clocks, older, times, seed,
};
nodes.SetAction((parsed, _) => NodesScenario.RunAsync(new NodesOptions(
    parsed.GetValue(nodeCount), parsed.GetValue(workers), parsed.GetValue(hotRounds), parsed.GetValue(ids),
    new Misfortune(parsed.GetValue(kills), parsed.GetValue(databaseKills), parsed.GetValue(freezes), parsed.GetValue(databaseFreezes), parsed.GetValue(ways)),
    parsed.GetValue(between), TimeSpan.FromSeconds(parsed.GetValue(cross)), parsed.GetValue(clocks), parsed.GetValue(older), parsed.GetValue(times), parsed.GetValue(seed))));

Option<int> share = new("--share");
Option<int> accounts = new("--accounts");
Option<string?> account = new("--account");
Option<string> types = new("--types") { DefaultValueFactory = _ => "" };
Option<int> ttl = new("--ttl");
Option<long> until = new("--until") { Description = "Unix seconds." };
Command holder = new("holder", "One of the processes of 'holders'.") { server, key, name, book, share, accounts, until, account, types, ttl, seed };
holder.Hidden = true;
holder.SetAction(async (parsed, _) =>
{
    await using Holder process = new(parsed.GetRequiredValue(server), parsed.GetRequiredValue(key), parsed.GetRequiredValue(book));
    return parsed.GetValue(account) is { } kept
        ? await process.KeepAsync(parsed.GetRequiredValue(name), kept, parsed.GetRequiredValue(types).Split(','), parsed.GetValue(ttl))
        : await process.HerdAsync(parsed.GetRequiredValue(name), parsed.GetValue(share), parsed.GetValue(accounts), DateTimeOffset.FromUnixTimeSeconds(parsed.GetValue(until)), parsed.GetValue(seed));
});
using IDisposable ended = Offspring.EndWithUs();
return await new RootCommand("Weir under bad luck.") { kill, webhooks, spool, holders, nodes, sender, holder }.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
