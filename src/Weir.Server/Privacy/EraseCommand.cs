using System.CommandLine;
using System.Text.Json;

using Weir.Engine;

namespace Weir.Server;

/// <summary><c>weir erase</c>: personal data of an account, or of one user of it, go (PRIV-1).</summary>
internal static class EraseCommand
{
    public static Command Create()
    {
        Argument<string> account = new("ACCOUNT") { Description = "The account's key." };
        Option<string?> user = new("--user") { Description = "One user of the account; the account itself when left out." };
        TargetOptions target = new();
        Command command = new("erase", "Erase the personal data of an account or of one user of it. The ledger and its totals stay; a repeat changes nothing. Ends with 2 when it must be repeated.")
        {
            account, user,
        };
        target.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string key = Valid(parsed.GetRequiredValue(account), "ACCOUNT");
            string? one = parsed.GetValue(user) is { } name ? Valid(name, "--user") : null;
            using RemoteServer? remote = target.Remote(parsed);
            if (remote is not null)
            {
                string path = $"accounts/{Uri.EscapeDataString(key)}{(one is null ? "" : "/users/" + Uri.EscapeDataString(one))}/personal-data";
                JsonElement answer = await remote.SendAsync(HttpMethod.Delete, path, null, cancellationToken);
                return Report(new EraseResult(answer.GetProperty("erased").GetBoolean(), answer.GetProperty("complete").GetBoolean(), answer.GetProperty("reservations").GetInt32()));
            }

            await using LocalStore local = await target.OpenAsync(parsed, cancellationToken);
            return Report(await local.Services.GetRequiredService<PrivacyService>().EraseAsync(local.Workspace.Id, new AccountKey(key), one, AuditActor.Cli, cancellationToken));
        });
        return command;
    }

    private static int Report(EraseResult result)
    {
        Console.WriteLine(!result.Erased ? "Nothing to erase: nobody of this name is there."
            : $"Erased; {result.Reservations} open reservations were released.");
        if (!result.Complete)
        {
            Console.WriteLine("Somebody still reads the state before, such as an export: repeat the command when it has ended.");
        }

        return result.Complete ? ExitCodes.Done : ExitCodes.Differences;
    }

    private static string Valid(string text, string name) =>
        Identifier.IsValid(text) ? text : throw new CommandException($"{name} is {Identifier.Form}.");
}
