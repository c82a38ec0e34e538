using System.CommandLine;

using Weir.Server;

RootCommand root = new("Weir measures what the customers of a product use, and holds it to their plans.");
root.Subcommands.Add(ServeCommand.Create());
return await CommandRunner.RunAsync(root, args);
