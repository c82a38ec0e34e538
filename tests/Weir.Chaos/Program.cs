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
Command sender = new("spool-sender", "One of the processes of 'spool'.") { server, key, folder, name, book, rate, refusals };
sender.Hidden = true;
sender.SetAction((parsed, _) => SpoolSender.RunAsync(
    parsed.GetRequiredValue(server), parsed.GetRequiredValue(key), parsed.GetRequiredValue(folder), parsed.GetRequiredValue(name), parsed.GetRequiredValue(book),
    parsed.GetValue(rate), parsed.GetValue(refusals)));
return await new RootCommand("Weir under bad luck.") { kill, webhooks, spool, sender }.Parse(args).InvokeAsync();
