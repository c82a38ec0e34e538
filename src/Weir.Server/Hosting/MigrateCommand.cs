using System.CommandLine;
using System.Globalization;

using Weir.PostgreSql;

namespace Weir.Server;

/// <summary><c>weir migrate</c>: makes the schema of a PostgreSQL database, or brings it up to date, and the role that nodes use.</summary>
internal static class MigrateCommand
{
    private const string PasswordVariable = "WEIR_RUNTIME_PASSWORD";

    public static Command Create()
    {
        Option<string?> postgres = PostgreSqlConnection.Option("The database, as the role that owns the schema.");
        Option<string> user = new("--runtime-user") { Description = $"The role that nodes serve with; made when it is missing, with the password in {PasswordVariable}.", Required = true };
        Command command = new("migrate", $"Make the schema of a PostgreSQL database or bring it up to date. Nodes of the version before go on while it runs. Environment: WEIR_POSTGRES, {PasswordVariable}.") { postgres, user };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            PostgreSqlStoreOptions owner = PostgreSqlConnection.Checked(PostgreSqlConnection.Text(parsed, postgres)
                ?? throw new CommandException("Name the database with --postgres or in WEIR_POSTGRES."));
            string? password = Environment.GetEnvironmentVariable(PasswordVariable) is { Length: > 0 } text ? text : null;
            int applied = await PostgreSqlSchema.MigrateAsync(owner.ConnectionString, parsed.GetRequiredValue(user), password, cancellationToken);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{owner.Target}: {applied} {(applied == 1 ? "step" : "steps")} applied, the schema is at step {PostgreSqlSchema.Newest}."));
            return ExitCodes.Done;
        });
        return command;
    }
}
