using System.CommandLine;

namespace Weir.Server;

/// <summary><c>weir close</c>: runs by hand what the server does every day at 02:00 UTC (PER-6).</summary>
internal static class CloseCommand
{
    public static Command Create()
    {
        Option<string> data = new("--data") { Description = "Folder of a stopped server; a running one closes periods by itself.", DefaultValueFactory = _ => DataFolder.Default };
        Option<string?> postgres = PostgreSqlConnection.Option("A PostgreSQL database, as the runtime role; nodes may go on serving from it.");
        Option<string?> workspace = new("--workspace") { Description = "One workspace; all when left out." };
        Command command = new("close", "Write closing summaries of all periods that closed since the last run, once. A repeat changes nothing. Ends with 2 when an account could not be closed.")
        {
            data, postgres, workspace,
        };
        command.SetAction(async (parsed, cancellationToken) =>
            await LocalStore.ForEachAsync(
                parsed, postgres, data, workspace, readOnly: false, async (services, each) => Report(each, await services.GetRequiredService<ClosingService>().RunAsync(each, onlyIfDue: false, cancellationToken)), cancellationToken)
                ? ExitCodes.Done
                : ExitCodes.Differences);
        return command;
    }

    private static bool Report(Workspace workspace, ClosingRun run)
    {
        string figures = run.Result is { } result ? $"{result.Accounts} accounts, {result.Written} summaries written, {result.Failures} failures" : "a run of another process holds the job; try again when its lease has ended";
        Console.WriteLine($"{workspace.Key}: {figures}{(run.Result?.Error is { } error ? $": {error}" : "")}");
        return run.Outcome == ClosingOutcome.Done;
    }
}
