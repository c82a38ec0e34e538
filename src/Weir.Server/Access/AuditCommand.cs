using System.CommandLine;
using System.Text.Json;

namespace Weir.Server;

/// <summary><c>weir audit</c>: proves that the audit log is as it was written (AUD-2).</summary>
internal static class AuditCommand
{
    public static Command Create() => new("audit", "The log of every change of configuration.") { Verify() };

    private static Command Verify()
    {
        Option<string?> expect = new("--expect") { Description = "A head that was noted earlier (NUMBER:HASH). Without it, records that were cut off at the end are not missed." };
        TargetOptions target = new();
        Command command = new("verify", "Walk along the chain, name the first broken link, print the head, and end with 2 when a link is broken. Works while the server runs.") { expect };
        target.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            AuditHead? expected = parsed.GetValue(expect) is not { } text ? null
                : AuditHead.TryParse(text, out AuditHead head) ? head
                : throw new CommandException($"--expect is a head as this command prints it, NUMBER:HASH with 64 hexadecimal digits; '{text}' is not one.");
            using RemoteServer? remote = target.Remote(parsed);
            if (remote is not null)
            {
                JsonElement answer = await remote.SendAsync(HttpMethod.Get, "audit/verify" + (expected is { } noted ? $"?expect={noted}" : ""), null, cancellationToken);
                string? broken = answer.GetProperty("broken") is { ValueKind: JsonValueKind.Object } found ? found.GetProperty("detail").GetString() : null;
                return Report(answer.GetProperty("workspace").GetString()!, answer.GetProperty("records").GetInt64(), answer.GetProperty("head").GetString()!, broken);
            }

            await using LocalStore local = await target.OpenAsync(parsed, cancellationToken, readOnly: true);
            AuditVerification verified = await local.Services.GetRequiredService<AuditVerifier>().VerifyAsync(local.Workspace.Id, expected, cancellationToken);
            return Report(local.Workspace.Key, verified.Records, verified.Head.ToString(), verified.Broken?.Message);
        });
        return command;
    }

    private static int Report(string workspace, long records, string head, string? broken)
    {
        Console.WriteLine($"{workspace}: {records} records, {broken ?? "every link holds"}");
        Console.WriteLine($"head {head}");
        return broken is null ? ExitCodes.Done : ExitCodes.Differences;
    }
}
