using System.ComponentModel.DataAnnotations;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Weir.PostgreSql;

public static class PostgreSqlBuilderExtensions
{
    /// <summary>Keeps everything in a PostgreSQL database, which any number of nodes may share. <see cref="PostgreSqlSchema"/> prepares it.</summary>
    /// <param name="connectionString">As Npgsql takes it, for the runtime role.</param>
    public static WeirBuilder AddPostgreSql(this WeirBuilder builder, string connectionString) =>
        builder.AddPostgreSql(new PostgreSqlStoreOptions { ConnectionString = connectionString });

    /// <inheritdoc cref="AddPostgreSql(WeirBuilder, string)"/>
    public static WeirBuilder AddPostgreSql(this WeirBuilder builder, PostgreSqlStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        builder.Services.RemoveAll<IWeirStore>();
        builder.Services.AddSingleton<IWeirStore>(provider => new PostgreSqlStore(options, provider.GetService<ILogger<PostgreSqlStore>>()));
        return builder;
    }
}
