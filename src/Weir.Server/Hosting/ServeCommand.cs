using System.CommandLine;
using System.Net.Sockets;

using Microsoft.Extensions.Hosting;

using Weir.PostgreSql;

namespace Weir.Server;

/// <summary>How the server was asked to run.</summary>
/// <param name="AdminKey">The text of <c>WEIR_ADMIN_KEY</c>, or null.</param>
internal sealed record ServeOptions(string Urls, string DataFolder, string? CatalogFile, bool Demo, string? AdminKey)
{
    /// <summary>The text of <c>WEIR_MASTER_KEY</c>, or null.</summary>
    public string? MasterKey { get; init; }

    /// <summary>The text of <c>WEIR_SMTP_PASSWORD</c>, or null.</summary>
    public string? MailPassword { get; init; }

    /// <summary>The database of many nodes; null to keep everything in the folder.</summary>
    public PostgreSqlStoreOptions? PostgreSql { get; init; }
}

/// <summary><c>weir serve</c>: the HTTP server on one folder, or one of the nodes on a database.</summary>
internal static class ServeCommand
{
    public const string DefaultUrls = "http://127.0.0.1:5080";

    public static Command Create()
    {
        Option<string> urls = new("--urls") { Description = "Addresses to listen on, separated by ';'. Port 0 takes a free one.", DefaultValueFactory = _ => DefaultUrls };
        Option<string> data = DataFolder.Option();
        Option<string?> postgres = PostgreSqlConnection.Option("The PostgreSQL database that this node shares with others, as the runtime role.");
        Option<bool> insecureOwner = new("--insecure-owner") { Description = "Development only: let the database's owner or a superuser serve, and migrate by itself." };
        Option<string?> catalog = new("--catalog") { Description = "A catalog file (YAML or JSON) to apply at the start when it has changed since it was last applied." };
        Option<bool> demo = new("--demo") { Description = "Load the catalog 'nexa' with 25 accounts and 90 days of usage, and keep a little live traffic." };
        Command command = new("serve", "Serve the HTTP API. Environment: WEIR_POSTGRES, WEIR_ADMIN_KEY, WEIR_MASTER_KEY, WEIR_SMTP_PASSWORD, OTEL_EXPORTER_OTLP_ENDPOINT, Weir__* for options.") { urls, data, postgres, insecureOwner, catalog, demo };
        command.SetAction(async (parsed, cancellationToken) => await RunAsync(
            new ServeOptions(
                parsed.GetRequiredValue(urls),
                parsed.GetRequiredValue(data),
                parsed.GetValue(catalog),
                parsed.GetValue(demo),
                Secret("WEIR_ADMIN_KEY"))
            {
                MasterKey = Secret("WEIR_MASTER_KEY"),
                MailPassword = Secret("WEIR_SMTP_PASSWORD"),
                PostgreSql = PostgreSqlConnection.Read(parsed, postgres, data, parsed.GetValue(insecureOwner)),
            },
            cancellationToken));
        return command;
    }

    private static string? Secret(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? text : null;

    private static async Task<int> RunAsync(ServeOptions options, CancellationToken cancellationToken)
    {
        if (options.AdminKey is { Length: < KeyService.ShortestAdminKey } key)
        {
            throw new CommandException(
                $"WEIR_ADMIN_KEY has {key.Length} characters; it must have at least {KeyService.ShortestAdminKey}. Make one with 'openssl rand -base64 33', or leave it out: then one is made and printed once.");
        }

        try
        {
            _ = new SecretBox(options.MasterKey);
        }
        catch (FormatException exception)
        {
            throw new CommandException($"WEIR_MASTER_KEY cannot be used. {exception.Message}");
        }

        if (options.Demo && options.CatalogFile is not null)
        {
            throw new CommandException("--demo brings its own catalog; leave --catalog out, or serve your catalog without --demo.");
        }

        await using WebApplication app = ServerHost.Build(options);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is FormatException or InvalidOperationException or ArgumentException or SocketException)
        {
            throw new CommandException($"The server cannot listen on '{options.Urls}': {exception.Message} Write the addresses as {DefaultUrls}, separated by ';'.");
        }

        app.Services.GetRequiredService<ServerHost.StartUp>().End();
        await FirstKey.EnsureAsync(app.Services, options.AdminKey, cancellationToken);
        ServerLog.Serving(app.Logger, string.Join(' ', app.Urls), options.PostgreSql?.Target ?? Path.GetFullPath(options.DataFolder));
        await app.WaitForShutdownAsync(cancellationToken);
        ServerLog.Stopped(app.Logger);
        return ExitCodes.Done;
    }
}
