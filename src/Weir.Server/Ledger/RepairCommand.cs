using System.CommandLine;

namespace Weir.Server;

/// <summary><c>weir repair --from-ledger</c>: sets balances and summaries that were changed behind Weir's back to what the log says (LOG-3).</summary>
internal static class RepairCommand
{
    public static Command Create()
    {
        Option<bool> fromLedger = new("--from-ledger") { Description = "Take the log for right. Where an entry was changed or is missing, it is the log that is wrong: restore a backup instead." };
        Option<string> data = new("--data") { Description = "Folder of a stopped server.", DefaultValueFactory = _ => DataFolder.Default };
        Option<string?> postgres = PostgreSqlConnection.Option("A PostgreSQL database, as the runtime role; nodes may go on serving from it.");
        Option<string?> workspace = new("--workspace") { Description = "One workspace; all when left out." };
        Command command = new("repair", "Set every balance that 'verify' names to what the log says, and make summaries that differ anew; each balance stands in the audit log. Ends with 2 when differences are left.")
        {
            fromLedger, data, postgres, workspace,
        };
        command.Validators.Add(result =>
        {
            if (!result.GetValue(fromLedger))
            {
                result.AddError("Say --from-ledger to take the log for right. Where 'weir verify' names what is missing in the log, restore a backup instead.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
            await LocalStore.ForEachAsync(
                parsed, postgres, data, workspace, readOnly: false, async (services, each) => Report(each, await services.GetRequiredService<LedgerRepair>().RunAsync(each.Id, AuditActor.Cli, cancellationToken)), cancellationToken)
                ? ExitCodes.Done
                : ExitCodes.Differences);
        return command;
    }

    private static bool Report(Workspace workspace, RepairReport? report)
    {
        if (report is null)
        {
            Console.WriteLine($"{workspace.Key}: another process repairs it, or ended in the middle of it less than two minutes ago");
            return false;
        }

        foreach (BalanceDifference repaired in report.Repaired)
        {
            Console.WriteLine($"{workspace.Key}: repaired {repaired}");
        }

        if (report.Rebuilt)
        {
            Console.WriteLine($"{workspace.Key}: summaries made anew");
        }

        return VerifyCommand.Report(workspace, report.Left);
    }
}
