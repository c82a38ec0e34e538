using System.CommandLine;

using Weir.Server;

RootCommand root = new("Weir measures what the customers of a product use, and holds it to their plans.");
foreach (Command command in (Command[])[ServeCommand.Create(), KeysCommand.Create(), CatalogCommand.Create(), ImportCommand.Create(), ExportCommand.Create(), VerifyCommand.Create()])
{
    root.Subcommands.Add(command);
}

return await CommandRunner.RunAsync(root, args);
