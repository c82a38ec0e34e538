using System.CommandLine;

using Weir.PostgreSql;

namespace Weir.Server;

/// <summary><c>weir verify</c>: proves that every balance, every grant and every summary is what the log says (LOG-3).</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        Option<string> data = new("--data") { Description = "Folder of a server, running or stopped.", DefaultValueFactory = _ => DataFolder.Default };
        Option<string?> postgres = PostgreSqlConnection.Option("A PostgreSQL database, as the runtime role. Each workspace is compared as it stands at one moment, also while nodes write.");
        Option<string?> workspace = new("--workspace") { Description = "One workspace; all when left out." };
        Command command = new("verify", "Compare every balance, grant and summary with the log, name every difference, and end with 2 when there is one. Works while servers run.")
        {
            data, postgres, workspace,
        };
        command.SetAction(async (parsed, cancellationToken) =>
            await LocalStore.ForEachAsync(
                parsed, postgres, data, workspace, readOnly: true, async (services, each) => Report(each, await services.GetRequiredService<Verifier>().VerifyAsync(each.Id, cancellationToken)), cancellationToken)
                ? ExitCodes.Done
                : ExitCodes.Differences);
        return command;
    }

    /// <summary>Prints what was found; whether it is nothing.</summary>
    public static bool Report(Workspace workspace, Verification found)
    {
        foreach (object difference in found.BalanceDifferences.Cast<object>().Concat(found.GrantDifferences).Concat(found.SummaryDifferences))
        {
            Console.WriteLine($"{workspace.Key}: {difference}");
        }

        int named = found.BalanceDifferences.Length + found.GrantDifferences.Length + found.SummaryDifferences.Length;
        if (found.Differences > named)
        {
            Console.WriteLine($"{workspace.Key}: and {found.Differences - named} more");
        }

        Console.WriteLine($"{workspace.Key}: {found.Entries} entries, {found.Balances} balances, {found.Grants} grants, {found.Cells} figures of summaries: {(found.IsClean ? "no difference" : $"{found.Differences} differences")}");
        return found.IsClean;
    }
}
