using System.ComponentModel.DataAnnotations;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Weir.Sqlite;

public static class SqliteBuilderExtensions
{
    /// <summary>Keeps everything in one SQLite file, which is made when it is not there.</summary>
    /// <param name="path">Path of the database, such as <c>usage.db</c>.</param>
    public static WeirBuilder AddSqlite(this WeirBuilder builder, string path) => builder.AddSqlite(new SqliteStoreOptions { Path = path });

    /// <inheritdoc cref="AddSqlite(WeirBuilder, string)"/>
    public static WeirBuilder AddSqlite(this WeirBuilder builder, SqliteStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        builder.Services.RemoveAll<IWeirStore>();
        builder.Services.AddSingleton<IWeirStore>(provider => new SqliteStore(options, provider.GetRequiredService<TimeProvider>()));
        return builder;
    }
}
