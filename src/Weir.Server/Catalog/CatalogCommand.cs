using System.CommandLine;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

using Weir.Engine;

namespace Weir.Server;

/// <summary><c>weir catalog</c>: check a catalog file, make it active, or show the active one.</summary>
internal static class CatalogCommand
{
    public static Command Create() => new("catalog", "Meters, event types, plans and prices, as one document.") { Validate(), Apply(), Show() };

    private static Command Validate()
    {
        Argument<string> file = new("FILE") { Description = "YAML, or JSON where the name ends in .json." };
        Command command = new("validate", "Check a file, without a server and without effect.") { file };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            (string name, string text, CatalogFormat format) = await ReadAsync(parsed.GetRequiredValue(file), cancellationToken);
            CatalogResult result = CatalogText.Read(text, format);
            if (result.Catalog is not { } catalog)
            {
                return Refused(name, result.Errors);
            }

            // The built-in meter of cost is in every catalog.
            Console.WriteLine($"{name} is valid: '{catalog.Name}' with {catalog.Meters.Count - 1} meters, {catalog.Events.Count} event types and {catalog.Plans.Count} plans");
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Apply()
    {
        Argument<string> file = new("FILE") { Description = "YAML, or JSON where the name ends in .json." };
        TargetOptions target = new();
        Command command = new("apply", "Make a file the active catalog. An invalid one is refused with every error, and the active version stays.") { file };
        target.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            (string name, string text, CatalogFormat format) = await ReadAsync(parsed.GetRequiredValue(file), cancellationToken);
            using RemoteServer? remote = target.Remote(parsed);
            if (remote is not null)
            {
                using StringContent content = new(text, Encoding.UTF8, new MediaTypeHeaderValue(format == CatalogFormat.Json ? "application/json" : "application/yaml"));
                JsonElement answer = await remote.SendAsync(HttpMethod.Put, "catalog", content, cancellationToken);
                Console.WriteLine($"Version {answer.GetProperty("version").GetInt32()} is active");
                return ExitCodes.Done;
            }

            await using LocalStore local = await target.OpenAsync(parsed, cancellationToken);
            CatalogChange change = await local.Services.GetRequiredService<CatalogService>().ReplaceAsync(local.Workspace.Id, text, format, null, AuditActor.Cli, cancellationToken);
            if (change.Version is not { } version)
            {
                return Refused(name, change.Errors);
            }

            Console.WriteLine($"Version {version} is active");
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Show()
    {
        Option<int?> number = new("--version") { Description = "An earlier version; the active one when left out." };
        TargetOptions target = new();
        Command command = new("show", "Print a catalog as it was given.") { number };
        target.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int? wanted = parsed.GetValue(number);
            using RemoteServer? remote = target.Remote(parsed);
            if (remote is not null)
            {
                Console.Write(await remote.GetTextAsync(wanted is { } v ? $"catalog/versions/{v}" : "catalog", cancellationToken));
                return ExitCodes.Done;
            }

            await using LocalStore local = await target.OpenAsync(parsed, cancellationToken, readOnly: true);
            ICatalogStore catalogs = local.Services.GetRequiredService<IWeirStore>().Catalogs;
            int version = wanted ?? await catalogs.ActiveVersionAsync(local.Workspace.Id, cancellationToken);
            CatalogVersion stored = await catalogs.FindAsync(local.Workspace.Id, version, cancellationToken) ?? throw new CommandException(version == 0
                ? "The workspace has no catalog yet; 'weir catalog apply FILE' gives it one."
                : $"There is no version {version}; the active one is {await catalogs.ActiveVersionAsync(local.Workspace.Id, cancellationToken)}.");
            Console.Write(stored.Document);
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task<(string Name, string Text, CatalogFormat Format)> ReadAsync(string file, CancellationToken cancellationToken) => (
        file,
        await File.ReadAllTextAsync(file, cancellationToken),
        Path.GetExtension(file).Equals(".json", StringComparison.OrdinalIgnoreCase) ? CatalogFormat.Json : CatalogFormat.Yaml);

    private static int Refused(string file, IReadOnlyList<CatalogError> errors)
    {
        foreach (CatalogError error in errors)
        {
            Console.Error.WriteLine($"{file}:{error}");
        }

        Console.Error.WriteLine($"weir: {file} has {errors.Count} {(errors.Count == 1 ? "error" : "errors")}; nothing was changed");
        return ExitCodes.Failed;
    }
}
