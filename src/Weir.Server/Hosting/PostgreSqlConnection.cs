using System.CommandLine;
using System.CommandLine.Parsing;
using System.ComponentModel.DataAnnotations;

using Weir.PostgreSql;

namespace Weir.Server;

/// <summary>How commands are told of a PostgreSQL database.</summary>
internal static class PostgreSqlConnection
{
    /// <summary>Passwords stand in the environment rather than in the list of processes.</summary>
    private const string Variable = "WEIR_POSTGRES";

    private const string Section = "Weir:PostgreSql";

    public static Option<string?> Option(string description) => new("--postgres") { Description = $"{description} 'Host=…;Database=…;Username=…'; also {Variable}." };

    /// <summary>What the option or the environment says, or null.</summary>
    public static string? Text(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) ?? (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? text : null);

    /// <exception cref="CommandException">It cannot be read, or a folder is named beside it.</exception>
    public static PostgreSqlStoreOptions? Read(ParseResult parsed, Option<string?> option, Option<string> data, bool insecureOwner)
    {
        if (Text(parsed, option) is not { } text)
        {
            return insecureOwner ? throw new CommandException("--insecure-owner is about a database: name it with --postgres.") : null;
        }

        if (parsed.GetResult(data) is OptionResult { Implicit: false })
        {
            throw new CommandException($"Everything is kept in one place: give --data, or --postgres ({Variable}).");
        }

        return Configured(Checked(text) with { InsecureOwner = insecureOwner }, Configuration());
    }

    /// <summary>With what <c>Weir__PostgreSql__…</c> says about connections and time-outs; which database it is stands elsewhere.</summary>
    /// <exception cref="CommandException">An option cannot be read or is out of its range.</exception>
    public static PostgreSqlStoreOptions Configured(PostgreSqlStoreOptions options, IConfiguration configuration)
    {
        PostgreSqlStoreOptions configured = options with { };
        try
        {
            configuration.GetSection(Section).Bind(configured);
        }
        catch (InvalidOperationException exception)
        {
            throw new CommandException($"{exception.Message} Times are written as 00:00:05.");
        }

        configured = configured with { ConnectionString = options.ConnectionString, InsecureOwner = options.InsecureOwner };
        List<ValidationResult> faults = [];
        return Validator.TryValidateObject(configured, new ValidationContext(configured), faults, validateAllProperties: true)
            ? configured
            : throw new CommandException($"{Section.Replace(":", "__", StringComparison.Ordinal)}: {string.Join(" ", faults.Select(fault => fault.ErrorMessage))}");
    }

    /// <summary>As the host of <c>serve</c> has it, for the commands that have no host.</summary>
    private static IConfiguration Configuration() => new ConfigurationBuilder()
        .SetBasePath(AppContext.BaseDirectory).AddJsonFile("appsettings.json", optional: true).AddEnvironmentVariables().Build();

    /// <exception cref="CommandException">It cannot be read.</exception>
    public static PostgreSqlStoreOptions Checked(string text)
    {
        PostgreSqlStoreOptions options = new() { ConnectionString = text };
        try
        {
            _ = options.Target;
            return options;
        }
        catch (ArgumentException exception)
        {
            throw new CommandException($"The connection to PostgreSQL cannot be read: {exception.Message} Write it as 'Host=db;Database=weir;Username=weir_runtime;Password=…'.");
        }
    }
}
