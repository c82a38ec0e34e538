using System.CommandLine;

using Weir.Chaos;

Option<int> kills = new("--kills") { Description = "How often the server is killed.", DefaultValueFactory = _ => 3 };
Option<int> writers = new("--writers") { Description = "Senders at the same time.", DefaultValueFactory = _ => 12 };
Option<int> seed = new("--seed") { Description = "Chooses amounts, accounts and the moments of the kills; printed, so that a run can be repeated.", DefaultValueFactory = _ => Random.Shared.Next(1, 1_000_000) };
Command kill = new("kill", "Kill -9 under load, restart, and compare with the books of the senders.") { kills, writers, seed };
kill.SetAction((parsed, _) => KillScenario.RunAsync(parsed.GetValue(kills), parsed.GetValue(writers), parsed.GetValue(seed)));
return await new RootCommand("Weir under bad luck.") { kill }.Parse(args).InvokeAsync();
