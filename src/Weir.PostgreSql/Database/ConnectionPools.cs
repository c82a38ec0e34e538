using System.Diagnostics;
using System.Globalization;

using Npgsql;

namespace Weir.PostgreSql;

/// <summary>The connections of a node, and how each is set.</summary>
internal sealed class ConnectionPools : IAsyncDisposable
{
    /// <summary>
    /// Statements are planned for the tables as they are. A plan that was made while a table was nearly empty reads all of it where it should
    /// search an index, and a kept one stays until the table is analysed: minutes, in which a batch takes a hundred times as long.
    /// What only searches by keys keeps its plans all the same, as batches do (Database/EnterByKeys). An index is searched, not a table read, where
    /// that is about as cheap on a disk without a moving head, and nothing that Weir asks is worth compiling.
    /// </summary>
    private const string Planning = "-c plan_cache_mode=force_custom_plan -c random_page_cost=1.1 -c jit=off";

    public ConnectionPools(PostgreSqlStoreOptions options)
    {
        NpgsqlConnectionStringBuilder settings = new(options.ConnectionString);
        string own = string.Create(CultureInfo.InvariantCulture,
            $"-c statement_timeout={options.StatementTimeout.TotalMilliseconds:0} -c lock_timeout={options.LockTimeout.TotalMilliseconds:0} -c idle_in_transaction_session_timeout={options.IdleInTransactionTimeout.TotalMilliseconds:0} {Planning}");
        settings.Options = string.IsNullOrEmpty(settings.Options) ? own : $"{settings.Options} {own}";
        settings.SearchPath = PostgreSqlSchema.Name;
        settings.MaxAutoPrepare = 200;
        settings.AutoPrepareMinUsages = 2;
        // Nothing is set, locked or listened to for a session, only for transactions, so there is nothing to reset for the next borrower.
        settings.NoResetOnClose = true;
        settings.ApplicationName ??= "weir";
        settings.TcpKeepAlive = true;
        settings.CommandTimeout = Seconds(options.StatementTimeout) + 5;
        if (!settings.ShouldSerialize("GSS Encryption Mode") && Environment.GetEnvironmentVariable("PGGSSENCMODE") is null)
        {
            // Whoever has Kerberos says so. To try it costs each connection a round trip, and the driver does not always get over one that fails.
            settings.GssEncryptionMode = GssEncryptionMode.Disable;
        }

        if (!settings.ShouldSerialize("Timeout"))
        {
            settings.Timeout = Seconds(options.ConnectTimeout);
        }

        ConnectionString = settings.ConnectionString;
        Batches = Pool(settings, options.MostBatches);
        Others = Pool(settings, Math.Max(1, options.Connections - options.MostBatches));
    }

    /// <summary>With everything that connections of a node have in common.</summary>
    public string ConnectionString { get; }

    /// <summary>
    /// Batches have connections of their own: on few of them the plans of their statements are kept (<see cref="KeptPlans"/>), and however many
    /// read, one is free for the next batch.
    /// </summary>
    public NpgsqlDataSource Batches { get; }

    public NpgsqlDataSource Others { get; }

    /// <summary>Whole seconds, none of them too short.</summary>
    public static int Seconds(TimeSpan time) => (int)Math.Ceiling(time.TotalSeconds);

    /// <summary>Those that lie idle are closed, and those in use when they come back.</summary>
    public void Clear()
    {
        Others.Clear();
        Batches.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await Others.DisposeAsync();
        await Batches.DisposeAsync();
    }

    private static NpgsqlDataSource Pool(NpgsqlConnectionStringBuilder settings, int connections)
    {
        NpgsqlDataSourceBuilder builder = new(new NpgsqlConnectionStringBuilder(settings.ConnectionString)
        {
            MaxPoolSize = connections, MinPoolSize = Math.Min(settings.MinPoolSize, connections),
        }.ConnectionString);
        // As parts of a trace, and none of their own for what runs by the clock.
        builder.ConfigureTracing(tracing => tracing.ConfigureCommandFilter(_ => Activity.Current is not null).ConfigureBatchFilter(_ => Activity.Current is not null));
        return builder.Build();
    }
}
