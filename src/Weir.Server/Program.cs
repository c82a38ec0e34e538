using System.CommandLine;
using System.CommandLine.Help;

using Weir.Server;

Command root = new("weir", "Weir measures what the customers of a product use, and holds it to their plans.")
{
    new HelpOption { Recursive = true },
    new VersionOption(),
    ServeCommand.Create(),
    MigrateCommand.Create(),
    KeysCommand.Create(),
    CatalogCommand.Create(),
    AuditCommand.Create(),
    ImportCommand.Create(),
    ExportCommand.Create(),
    VerifyCommand.Create(),
    RepairCommand.Create(),
    DoctorCommand.Create(),
    CloseCommand.Create(),
    EraseCommand.Create(),
};
return await CommandRunner.RunAsync(root, args);
