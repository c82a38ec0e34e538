using System.ComponentModel.DataAnnotations;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Weir.PostgreSql;

public static class PostgreSqlBuilderExtensions
{
    /// <summary>
    /// Keeps everything in a PostgreSQL database, which any number of nodes may share. <see cref="PostgreSqlSchema"/> prepares it. In place of
    /// <see cref="TimeProvider.System"/> services get the database's time, so that nodes whose clocks are wrong show the same; another
    /// <see cref="TimeProvider"/> of the host stays.
    /// </summary>
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
        builder.Services.RemoveAll<PostgreSqlStore>();
        builder.Services.AddSingleton(provider => new PostgreSqlStore(options, provider.GetService<ILogger<PostgreSqlStore>>()));
        builder.Services.AddSingleton<IWeirStore>(provider => provider.GetRequiredService<PostgreSqlStore>());
        if (builder.Services.LastOrDefault(service => service.ServiceType == typeof(TimeProvider)) is { ImplementationInstance: { } known } && ReferenceEquals(known, TimeProvider.System))
        {
            builder.Services.RemoveAll<TimeProvider>();
            builder.Services.AddSingleton(provider => provider.GetRequiredService<PostgreSqlStore>().Clock);
        }

        return builder;
    }
}
