using System.CommandLine;
using System.Net.Http.Json;
using System.Text.Json;

using NodaTime;

using Spectre.Console;

namespace Weir.Server;

/// <summary><c>weir keys</c>: who may do what.</summary>
internal static class KeysCommand
{
    private static readonly (string Word, KeyScopes Scope)[] s_scopes = [("ingest", KeyScopes.Ingest), ("read", KeyScopes.Read), ("admin", KeyScopes.Admin)];

    public static Command Create() => new("keys", "The keys of a workspace.") { CreateKey(), List(), Revoke() };

    private static Command CreateKey()
    {
        Option<string> name = new("--name") { Description = "What the key is for.", Required = true };
        Option<string> scopes = new("--scopes") { Description = "ingest, read, admin, separated by commas. admin includes the others.", DefaultValueFactory = _ => "ingest,read" };
        Option<bool> test = new("--test") { Description = "Mark it as a key for tests: weir_test_…" };
        TargetOptions target = new();
        Command command = new("create", "Make a key and print it, once.") { name, scopes, test };
        target.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string label = parsed.GetRequiredValue(name);
            string[] words = parsed.GetRequiredValue(scopes).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            KeyScopes wanted = words.Aggregate(KeyScopes.None, (all, word) => all | ScopeOf(word));
            if (wanted == KeyScopes.None || label.Trim().Length == 0 || !Engine.DisplayName.IsValid(label))
            {
                throw new CommandException(wanted == KeyScopes.None
                    ? "A key needs at least one scope: --scopes ingest,read,admin."
                    : $"--name must have a text: {Engine.DisplayName.Form}.");
            }

            bool live = !parsed.GetValue(test);
            using RemoteServer? remote = target.Remote(parsed);
            if (remote is not null)
            {
                using JsonContent body = JsonContent.Create(new { name = label, scopes = words, live });
                // The body's length must be known: a chunked one is accepted too, but a proxy may not.
                await body.LoadIntoBufferAsync(cancellationToken);
                JsonElement made = await remote.SendAsync(HttpMethod.Post, "keys", body, cancellationToken);
                Print(made.GetProperty("id").GetString()!, made.GetProperty("key").GetString()!);
                return ExitCodes.Done;
            }

            await using LocalStore local = await target.OpenAsync(parsed, cancellationToken);
            (ApiKey key, string text) = await local.Services.GetRequiredService<KeyService>().CreateAsync(local.Workspace, label, live, wanted, AuditActor.Cli, cancellationToken);
            Print(key.Id, text);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command List()
    {
        TargetOptions target = new();
        Command command = new("list", "The keys, without their texts.");
        target.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using RemoteServer? remote = target.Remote(parsed);
            if (remote is not null)
            {
                JsonElement answer = await remote.SendAsync(HttpMethod.Get, "keys", null, cancellationToken);
                Print(answer.GetProperty("items").EnumerateArray().Select(key => new Row(
                    key.GetProperty("id").GetString()!,
                    key.GetProperty("name").GetString()!,
                    key.GetProperty("live").GetBoolean(),
                    string.Join(',', key.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString())),
                    key.GetProperty("createdAt").GetString()!,
                    key.GetProperty("revokedAt").GetString())));
                return ExitCodes.Done;
            }

            await using LocalStore local = await target.OpenAsync(parsed, cancellationToken, readOnly: true);
            IReadOnlyList<ApiKey> keys = await local.Services.GetRequiredService<KeyService>().ListAsync(local.Workspace.Id, cancellationToken);
            Print(keys.Select(key => new Row(
                key.Id, key.Name, key.Live, string.Join(',', s_scopes.Where(s => key.Scopes.HasFlag(s.Scope)).Select(s => s.Word)), Text(key.CreatedAt), key.RevokedAt is { } at ? Text(at) : null)));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Revoke()
    {
        Argument<string> id = new("ID") { Description = "The key's id, as 'weir keys list' shows it." };
        TargetOptions target = new();
        Command command = new("revoke", "Revoke a key: its next request is refused.") { id };
        target.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string key = parsed.GetRequiredValue(id);
            using RemoteServer? remote = target.Remote(parsed);
            if (remote is not null)
            {
                await remote.SendAsync(HttpMethod.Delete, "keys/" + Uri.EscapeDataString(key), null, cancellationToken);
            }
            else
            {
                await using LocalStore local = await target.OpenAsync(parsed, cancellationToken);
                if (!await local.Services.GetRequiredService<KeyService>().RevokeAsync(local.Workspace.Id, key, AuditActor.Cli, cancellationToken))
                {
                    throw new CommandException($"There is no key '{key}'; 'weir keys list' shows them.");
                }
            }

            Console.WriteLine($"Revoked {key}");
            return ExitCodes.Done;
        });
        return command;
    }

    private static KeyScopes ScopeOf(string word) => s_scopes.FirstOrDefault(s => s.Word == word) is { Word: not null } found
        ? found.Scope
        : throw new CommandException($"'{word}' is not a scope; allowed are ingest, read, admin.");

    /// <summary>The key alone on the standard output, so that a script can take it.</summary>
    private static void Print(string id, string text)
    {
        Console.Error.WriteLine($"Key {id}. Keep its text: it is not shown again.");
        Console.WriteLine(text);
    }

    private static void Print(IEnumerable<Row> rows)
    {
        Table table = new() { Border = TableBorder.None, ShowHeaders = true };
        foreach (string column in (string[])["ID", "KIND", "SCOPES", "CREATED", "REVOKED", "NAME"])
        {
            table.AddColumn(new TableColumn(column) { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        }

        foreach (Row row in rows)
        {
            table.AddRow(new[] { row.Id, row.Live ? "live" : "test", row.Scopes, Seconds(row.CreatedAt), row.RevokedAt is { } at ? Seconds(at) : "", row.Name }.Select(Markup.Escape).ToArray());
        }

        // Another program that reads the list gets whole lines.
        AnsiConsole.Profile.Width = Console.IsOutputRedirected ? 1000 : AnsiConsole.Profile.Width;
        AnsiConsole.Write(table);
    }

    /// <summary>A time of the API to the second.</summary>
    private static string Seconds(string instant) => instant.Length > 19 ? instant[..19] + "Z" : instant;

    private static string Text(Instant instant) => NodaTime.Text.InstantPattern.ExtendedIso.Format(instant);

    private sealed record Row(string Id, string Name, bool Live, string Scopes, string CreatedAt, string? RevokedAt);
}
