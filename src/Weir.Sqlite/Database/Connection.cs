using SQLitePCL;

namespace Weir.Sqlite;

/// <summary>One connection with the statements that were prepared on it. It is used by one thread at a time.</summary>
internal sealed class Connection : IDisposable
{
    private const int BusyMilliseconds = 5_000;

    // Commits wait while the log is emptied, so that is tried often and briefly.
    private const int ShortBusyMilliseconds = 50;

    // From sqlite3.h: a last reader that closes must not move the log into the database; only the writer does.
    private const int NoCheckpointOnClose = 1006;

    private readonly Dictionary<string, Statement> _statements = new(StringComparer.Ordinal);
    private readonly sqlite3 _database;

    static Connection() => Batteries_V2.Init();

    private Connection(sqlite3 database)
    {
        _database = database;
        Handle = database.DangerousGetHandle();
    }

    public nint Handle { get; }

    /// <summary>Whether a transaction is open.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_database) == 0;

    public static Connection OpenWriter(SqliteStoreOptions options)
    {
        Connection connection = Open(options.Path, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE);
        try
        {
            connection.Execute("PRAGMA journal_mode = WAL");
            connection.Execute("PRAGMA synchronous = FULL");
            connection.Execute($"PRAGMA wal_autocheckpoint = {options.CheckpointPages}");
            connection.Execute($"PRAGMA cache_size = -{options.CacheMebibytes * 1024}");
            connection.Execute("PRAGMA temp_store = MEMORY");
            connection.ZeroWhatGoes(true);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public static Connection OpenReader(string path)
    {
        Connection connection = Open(path, raw.SQLITE_OPEN_READONLY);
        try
        {
            connection.Execute("PRAGMA query_only = ON");
            connection.Execute("PRAGMA wal_autocheckpoint = 0");
            connection.Check(raw.sqlite3_db_config(connection._database, NoCheckpointOnClose, 1, out _));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The statement of a <c>.sql</c> file, prepared at its first use.</summary>
    public Statement Prepared(string name) => PreparedText(name, static name => Sql.Load(name), name);

    /// <summary>A statement whose text is made from a file, under a name of its own.</summary>
    public Statement PreparedText<T>(string name, Func<T, string> text, T argument)
    {
        if (!_statements.TryGetValue(name, out Statement? statement))
        {
            _statements.Add(name, statement = new Statement(this, text(argument)));
        }

        return statement;
    }

    /// <summary>Runs a text of one or more statements and leaves their rows.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(_database, sql));

    /// <summary>
    /// Whether pages that are given up are overwritten with zeros; rows that are deleted always are. It takes effect at once, in a
    /// transaction too.
    /// </summary>
    public void ZeroWhatGoes(bool pages) => Execute(pages ? "PRAGMA secure_delete = ON" : "PRAGMA secure_delete = FAST");

    /// <summary>Moves the whole log into the database and leaves it empty; false while a reader needs it.</summary>
    public bool TryEmptyLog()
    {
        Execute($"PRAGMA busy_timeout = {ShortBusyMilliseconds}");
        try
        {
            Statement row = PreparedText("PRAGMA wal_checkpoint(TRUNCATE)", static sql => sql, "PRAGMA wal_checkpoint(TRUNCATE)");
            bool emptied = row.Step() && row.Int64(0) == 0;
            row.Reset();
            return emptied;
        }
        finally
        {
            Execute($"PRAGMA busy_timeout = {BusyMilliseconds}");
        }
    }

    /// <summary>Begins the writer's transaction. Prepared, as every commit needs it.</summary>
    public void Begin() => PreparedText("BEGIN IMMEDIATE", static sql => sql, "BEGIN IMMEDIATE").Run();

    public void Commit() => PreparedText("COMMIT", static sql => sql, "COMMIT").Run();

    /// <summary>Gives up the open transaction, and every statement that was in the middle of its rows.</summary>
    public void Rollback()
    {
        foreach (Statement statement in _statements.Values)
        {
            statement.Reset();
        }

        if (InTransaction)
        {
            Execute("ROLLBACK");
        }
    }

    public void Check(int result)
    {
        if (result != Native.Ok)
        {
            throw FailureOf(result);
        }
    }

    public SqliteFailure FailureOf(int result)
    {
        int extended = raw.sqlite3_extended_errcode(_database);
        return new SqliteFailure((extended & 0xFF) == (result & 0xFF) ? extended : result, raw.sqlite3_errmsg(_database).utf8_to_string());
    }

    public void Dispose()
    {
        foreach (Statement statement in _statements.Values)
        {
            statement.Dispose();
        }

        _statements.Clear();
        _database.Dispose();
    }

    private static Connection Open(string path, int flags)
    {
        // A connection never serves two threads at once, so SQLite need not guard it.
        int result = raw.sqlite3_open_v2(path, out sqlite3 database, flags | raw.SQLITE_OPEN_NOMUTEX, null);
        Connection connection = new(database);
        try
        {
            connection.Check(result);
            connection.Check(raw.sqlite3_extended_result_codes(database, 1));
            connection.Check(raw.sqlite3_busy_timeout(database, BusyMilliseconds));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
